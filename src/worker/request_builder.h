// Cuts a step's pull or push into messages: by server, then to a size that travels well; a record
// too large for one piece into numbered fragments. Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "worker/payload.h"

namespace cairn {

// Sizes, in bytes; tests make them small.
struct CutSizes {
  size_t fragment = 256u << 10;  // A record's pieces.
  size_t message = 1u << 20;     // A message's parts together.
};

// A partition's part of a push, still to be sent.
struct PushTarget {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex prev = 0;
};

// The messages that carry `payload` to `targets`, which all live on one server.
std::vector<Push> BuildPushes(const StreamRef& ref, StepIndex step,
                              const std::shared_ptr<const PushPayload>& payload,
                              const std::vector<PushTarget>& targets, const CutSizes& sizes);

struct PullTarget {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex min = 0;
};

std::vector<Pull> BuildPulls(Pull::Kind kind, const StreamRef& ref, StepIndex step,
                             const std::shared_ptr<const PullPayload>& payload,
                             const std::vector<PullTarget>& targets, const CutSizes& sizes);

}  // namespace cairn
