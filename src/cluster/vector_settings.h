// Settings of models that keep vectors for each feature ("fm", "ffm", "wide_deep", "deepfm"):
// which options are theirs, and the defaults. doc/defaults.md holds the rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/train.h"
#include "train/program.h"

namespace cairn {

bool HasVectors(std::string_view model);

// kInvalidArgument: options for vectors that the model does not have, or out of their range.
absl::Status CheckVectorOptions(const TrainOptions& options);

// Fills in what `settings` says of vectors; the rest of it is there already. `prior`: that of
// features, which a feature's vectors are given in proportion, and for each dimension's root, if
// options do not say. `before`: of the model to start from, whose dim is the default then.
void SetVectors(const TrainOptions& options, const ModelSettings& before, double prior,
                ModelSettings* settings);

// Vectors of features that occur often all go the same way at the start, and overshoot together if
// many steps are taken from equal copies of them: they have a longer warm-up, smaller batches, and
// fewer of them at once. doc/models.md has figures.
//
// The most rows of a default batch: a step has about 1,000; of bsp and ssp, with those of all
// streams, 2,000.
double VectorBatchRowsMax(uint32_t streams);
// The share of all steps (of a stream) in which the rate rises: a fifth to a third of a short
// training, a tenth of others.
double VectorWarmupShare(double steps);
// How many steps of a worker may be under way: of about 1,000 rows together, but at least one. 0:
// as many as there are.
uint32_t StepsAtOnce(const TrainOptions& options, double batch_rows);
// What to do where even that is too much; "": nothing.
std::string RowsAtOnceNote(const TrainOptions& options, uint32_t streams, double batch_rows);

}  // namespace cairn
