#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("Commands on checkpoints have options of their own, and a directory each", "[options]") {
  constexpr uint32_t kReaders =
      CommandSpec::kCheckpointList | CommandSpec::kCheckpointVerify | CommandSpec::kCheckpointShow;
  constexpr uint32_t kAll = kReaders | CommandSpec::kCheckpointPrune;
  for (const OptionSpec& spec : CheckpointToolOptions()) {
    INFO(spec.name);
    CHECK((spec.commands & ~kAll) == 0);
  }
  CHECK(CommandsWith(CheckpointToolOptions(), "checkpoint-dir") == kAll);
  CHECK(CommandsWith(CheckpointToolOptions(), "json") == kReaders);
  CHECK(CommandsWith(CheckpointToolOptions(), "keep") == CommandSpec::kCheckpointPrune);
}

TEST_CASE("The last checkpoint is not pruned, and no checkpoint has number 0", "[options]") {
  CHECK(Complaint(CheckpointToolOptions(), "keep", "1").empty());
  CHECK_FALSE(Complaint(CheckpointToolOptions(), "keep", "0").empty());
  CHECK_FALSE(Complaint(CheckpointToolOptions(), "keep", "101").empty());
  CHECK_FALSE(Complaint(CheckpointToolOptions(), "checkpoint", "0").empty());
}

}  // namespace
}  // namespace cairn
