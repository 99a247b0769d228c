// The built-in models, one maker each; MakeModel chooses by name.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "train/model.h"

namespace cairn {

// Logistic regression: one weight a feature in a sparse table, the bias in a dense one.
// kInvalidArgument: settings.base_rate is not between 0 and 1.
absl::StatusOr<std::unique_ptr<Model>> MakeLogisticRegression(const ModelSettings& settings);

// Counts: the table "counts" holds how often each feature has occurred, all epochs together; scores
// are 0. Nothing is learnt, but every update shows: after a job with whatever failures the counts
// are those of the text, to the last one. Exact up to 2^24 occurrences of a feature.
std::unique_ptr<Model> MakeCountModel();

}  // namespace cairn
