// What the commands of `cairn checkpoint` print: for people, and as JSON for programs. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/time_source.h"
#include "cairn/inspect.h"
#include "cluster/checkpoints.h"

namespace cairn {

struct ShownCheckpoint {
  CheckpointInfo info;
  std::optional<Micros> written;  // When its manifest was, by the time of day; if that is known.
};

// A line for each. At least one.
std::string CheckpointsAsText(std::span<const ShownCheckpoint> checkpoints);
std::string CheckpointsAsJson(std::span<const ShownCheckpoint> checkpoints);

// One line about one whose every byte was read, and one for each file that is no part of it.
std::string VerifiedAsText(const CheckpointInfo& info);

// A complete one, with what Inspect says of the model in it.
std::string CheckpointAsText(const ShownCheckpoint& checkpoint, const ModelReport& model);
std::string CheckpointAsJson(const ShownCheckpoint& checkpoint, const ModelReport& model);

}  // namespace cairn
