// What a step's pull and push consist of, before they are cut into messages.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sharding/key_cut.h"
#include "wire/message.h"

namespace cairn {

// Gradients (or values) of one table, in the order of its KeyCut.
struct TablePush {
  std::shared_ptr<const KeyCut> cut;
  std::vector<float> values;  // [cut->unique() x cut->width]
};

// One step's push. Immutable once started; the messages in flight point into it.
struct PushPayload {
  std::vector<TablePush> tables;  // At most one entry a table.
  uint64_t epoch = 0;
  float rate_factor = 1;
  uint32_t rows = 0;
  // The gradient was not finite: the stamps go out, nothing is applied.
  bool bare = false;
};

// One step's pull: at most one entry a table.
using PullPayload = std::vector<std::shared_ptr<const KeyCut>>;

// The payload with its values as the job lets them travel (JobSpec::wire_values); the payload
// itself if it rounds none. A function of what it is given: whoever computes a step again rounds
// alike.
std::shared_ptr<const PushPayload> RoundPayload(const JobSpec& job, StreamId stream, StepIndex step,
                                                std::shared_ptr<const PushPayload> payload);

}  // namespace cairn
