#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("Reports are of commands that have results, outputs of those that have rows",
          "[options]") {
  const uint32_t reporting = CommandSpec::kTrain | CommandSpec::kEval;
  CHECK(CommandsWith(OutputOptions(), "report") == reporting);
  CHECK(CommandsWith(OutputOptions(), "output") == CommandSpec::kPredict);
  CHECK(Complaint(OutputOptions(), "output", "") == "--output: the value is empty");
}

}  // namespace
}  // namespace cairn
