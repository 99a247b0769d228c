// The built-in models, one maker each; MakeModel chooses by name.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "train/model.h"

namespace cairn {

// Logistic regression: one weight a feature in a sparse table, the bias in a dense one.
// With squared loss, linear regression on the labels as LabelLoss has them.
// As settings.update says, MakeSequentialRegression's instead. kInvalidArgument: settings.base_rate
// is not between 0 and 1, an unknown update, or as CheckLinearLoss.
absl::StatusOr<std::unique_ptr<Model>> MakeLogisticRegression(const ModelSettings& settings);

// The same, learnt row by row by the worker: the tables' rows are those of SequentialLinear, in one
// part each. kInvalidArgument: an optimizer or a loss that cannot be learnt so, or
// settings.retention.
absl::StatusOr<std::unique_ptr<Model>> MakeSequentialRegression(const ModelSettings& settings);

// A factorization machine: a weight and a vector of settings.dim numbers for each feature, two
// parts of a row in a sparse table; the bias as in logistic regression. kInvalidArgument:
// settings.base_rate, dim or init_scale out of range, an update that it does not know, or as
// CheckLinearLoss.
absl::StatusOr<std::unique_ptr<Model>> MakeFactorizationMachine(const ModelSettings& settings);

// A field-aware factorization machine: likewise, with a vector for each of settings.fields.
// kInvalidArgument: as a factorization machine's, or the vectors are no row of a table.
absl::StatusOr<std::unique_ptr<Model>> MakeFieldFactorizationMachine(const ModelSettings& settings);

// Of both: the table "weights", with a weight and `width` numbers of vectors for each feature; and
// what is checked.
TableSpec VectorTable(const ModelSettings& settings, uint32_t width);
absl::Status CheckVectorSettings(const ModelSettings& settings);

// What several make of the settings: the log-odds of the base rate, the optimizer of the weights,
// and the table "bias" of one weight without a prior, which begins where the base rate puts it, or
// at the mean label.
float StartOfBias(float base_rate);
OptimizerSpec OptimizerOf(const ModelSettings& settings);
TableSpec BiasTable(const ModelSettings& settings);
// kInvalidArgument: not between 0 and 1.
absl::Status CheckBaseRate(float base_rate);
// kInvalidArgument: a loss of several results, or as LabelLoss::Check.
absl::Status CheckLinearLoss(const ModelSettings& settings);

// Multi-layer perceptron, on dense or sparse inputs (train/mlp_shape.h). kInvalidArgument: settings
// that contradict themselves, or too large a network; or as GemmKernelOf.
absl::StatusOr<std::unique_ptr<Model>> MakeMlp(const ModelSettings& settings);

// Wide & Deep ("wide_deep") and DeepFM ("deepfm"): a linear model or a factorization machine, with
// the tables of that, and beside it a network (train/mlp_shape.h) whose inputs are the sums of the
// features' vectors, field by field. kInvalidArgument: settings that contradict themselves, or too
// large a network; or as GemmKernelOf.
absl::StatusOr<std::unique_ptr<Model>> MakeDeepModel(const ModelSettings& settings);

// Counts: the table "counts" holds how often each feature has occurred, all epochs together; scores
// are 0. Nothing is learnt, but every update shows: after a job with whatever failures the counts
// are those of the text, to the last one. Exact up to 2^24 occurrences of a feature.
std::unique_ptr<Model> MakeCountModel();

}  // namespace cairn
