// Settings of models that keep a vector for each feature ("fm"): which options are theirs, and the
// defaults. doc/defaults.md holds the rules.
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

// Fills in what `settings` says of vectors; the rest of it is there already. `prior`: what a
// feature's vector is given for each dimension's root, if options do not say. `before`: of the
// model to start from, whose dim is the default then.
void SetVectors(const TrainOptions& options, const ModelSettings& before, double prior,
                ModelSettings* settings);

// Vectors that are learnt from many rows at once, none of which knows of the others, overshoot:
// first of all at the start, when their optimizer has seen little. How many steps of a worker may
// be under way so that those of all workers have about 2,000 rows, but at least one; 0: as many as
// there are.
uint32_t StepsAtOnce(const TrainOptions& options, double batch_rows);
// What to do where even that is too much; "": nothing.
std::string RowsAtOnceNote(const TrainOptions& options, uint32_t streams, double batch_rows);

}  // namespace cairn
