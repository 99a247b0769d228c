#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("Checkpoints follow each other in a time that makes sense, and one is kept",
          "[options]") {
  CHECK_FALSE(Complaint(CheckpointOptions(), "checkpoint-every", "0").empty());
  CHECK_FALSE(Complaint(CheckpointOptions(), "checkpoint-every", "-1").empty());
  CHECK(Complaint(CheckpointOptions(), "checkpoint-every", "0.5").empty());
  CHECK_FALSE(Complaint(CheckpointOptions(), "checkpoints-kept", "0").empty());
  CHECK_FALSE(Complaint(CheckpointOptions(), "checkpoints-kept", "1000").empty());
  CHECK(Complaint(CheckpointOptions(), "checkpoints-kept", "1").empty());
}

}  // namespace
}  // namespace cairn
