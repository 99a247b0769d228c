#include <catch2/catch.hpp>
#include <set>
#include <string_view>

#include "cli/options.h"
#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("tune has the settings of train that say what is learnt, and no others", "[options]") {
  std::set<std::string_view> names;
  for (const OptionSpec& option : OptionsOf(CommandOf(CommandSpec::kTune))) {
    names.insert(option.name);
  }
  for (const char* name : {"train", "valid-share", "model", "label", "lr", "l2-v", "admit-count",
                           "epochs", "consistency", "max-seconds", "output", "config"}) {
    INFO(name);
    CHECK(names.count(name) == 1);
  }
  for (const char* name : {"save", "init", "patience", "cluster", "servers", "dry-run", "report"}) {
    INFO(name);
    CHECK(names.count(name) == 0);
  }
  CHECK(CommandsWith(TuningOptions(), "max-seconds") == CommandSpec::kTune);
  CHECK(Complaint(TuningOptions(), "max-seconds", "60").empty());
  CHECK_FALSE(Complaint(TuningOptions(), "max-seconds", "0").empty());
}

}  // namespace
}  // namespace cairn
