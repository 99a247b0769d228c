// Decides after each epoch whether training is done. Pure: the rules and the epochs so far decide.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/job_state.h"
#include "wire/job_plan.h"

namespace cairn {

struct StopDecision {
  int32_t code = 0;    // Exit code: 0, or 6 if the model diverged.
  std::string reason;  // For people: "valid auc 0.8071 reached the target 0.8".
};

// nullopt: go on. `epochs` has at least one entry; the last one has just ended.
std::optional<StopDecision> DecideStop(const StopRules& rules, uint64_t epochs_planned,
                                       const std::vector<EpochRecord>& epochs);

// Whether the last epoch is better than all before it by the rules' metric; false if that is not
// known. `epochs` has at least one entry.
bool LastIsBest(const StopRules& rules, const std::vector<EpochRecord>& epochs);

}  // namespace cairn
