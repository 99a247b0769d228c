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

// What a step pushes.
struct PushContent {
  StreamRef ref;
  StepIndex step = 0;
  std::shared_ptr<const PushPayload> payload;
  // For each table of the payload: the request of a pull that has listed its ids, all of them and
  // no others; 0: there is none.
  std::vector<uint64_t> pulled;
};

// A partition's part of a push, still to be sent.
struct PushTarget {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex prev = 0;
  bool name_ids = true;  // Where they were pulled; the cut into pieces does not depend on it.
};

// The messages that carry `content` to `targets`, which all live on one server.
std::vector<Push> BuildPushes(const PushContent& content, const std::vector<PushTarget>& targets,
                              const CutSizes& sizes);

struct PullTarget {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex min = 0;
};

std::vector<Pull> BuildPulls(Pull::Kind kind, const StreamRef& ref, StepIndex step,
                             const std::shared_ptr<const PullPayload>& payload,
                             const std::vector<PullTarget>& targets, const CutSizes& sizes);

}  // namespace cairn
