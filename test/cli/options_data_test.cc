#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A share of bad rows is a share", "[options]") {
  for (const char* legal : {"0", "0.5", "1"}) {
    CHECK(Complaint(DataOptions(), "max-bad-rows", legal).empty());
  }
  for (const char* illegal : {"-0.1", "1.1", "nan", "many"}) {
    CHECK(Complaint(DataOptions(), "max-bad-rows", illegal) ==
          Concat("--max-bad-rows \"", illegal, "\": must be a number, 0 to 1"));
  }
}

TEST_CASE("Learning and scoring name their data each in its own way", "[options]") {
  const uint32_t score = CommandSpec::kEval | CommandSpec::kPredict;
  CHECK(CommandsWith(DataOptions(), "train") == CommandSpec::kTrain);
  CHECK(CommandsWith(DataOptions(), "data") == (score | CommandSpec::kDataStat));
  CHECK(CommandsWith(DataOptions(), "format") ==
        (score | CommandSpec::kTrain | CommandSpec::kDataStat));
}

}  // namespace
}  // namespace cairn
