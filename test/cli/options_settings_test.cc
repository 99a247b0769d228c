#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("What reads settings can be told a file of them", "[options]") {
  const uint32_t readers = CommandsWith(SettingsOptions(), "config");
  for (const uint32_t bit : {CommandSpec::kTrain, CommandSpec::kEval, CommandSpec::kPredict,
                             CommandSpec::kDataGen, CommandSpec::kConfigShow}) {
    CHECK((readers & bit) != 0);
  }
  CHECK((readers & CommandSpec::kConfigCheck) == 0);
  CHECK((readers & CommandSpec::kCompletion) == 0);
}

TEST_CASE("Files can be checked for all who read them", "[options]") {
  for (const char* reader :
       {"train", "eval", "predict", "data gen", "ps_coordinator", "ps_server", "ps_worker"}) {
    CHECK(Complaint(SettingsOptions(), "for", reader).empty());
  }
  CHECK(Complaint(SettingsOptions(), "for", "config show").starts_with("--for \"config show\""));
}

TEST_CASE("Actions are of the command line alone", "[options]") {
  for (const OptionSpec& spec : SettingsOptions()) {
    INFO(spec.name);
    CHECK((spec.from == OptionSpec::From::kFlagOnly) == (spec.name != "config"));
  }
}

}  // namespace
}  // namespace cairn
