#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("Only cairn data gen has the options of generating", "[options]") {
  for (const OptionSpec& spec : GenerateOptions()) {
    INFO(spec.name);
    CHECK(spec.commands == CommandSpec::kDataGen);
  }
}

TEST_CASE("Generated data has rows, and features enough for its fields", "[options]") {
  CHECK(Complaint(GenerateOptions(), "rows", "0") ==
        "--rows \"0\": must be a whole number, at least 1");
  CHECK(Complaint(GenerateOptions(), "features", "1000").empty());
  CHECK_FALSE(Complaint(GenerateOptions(), "features", "999").empty());
}

}  // namespace
}  // namespace cairn
