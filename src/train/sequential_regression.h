// How the rows of a saved model that was learnt row by row are to be read.
#pragma once

#include "absl/status/statusor.h"
#include "kernels/sequential_linear.h"
#include "train/program.h"

namespace cairn {

// `settings` have update kSequentialUpdate; their base rate is part of the model: it is where the
// bias starts from. kInvalidArgument: an optimizer that cannot learn so.
absl::StatusOr<SequentialLinear> SequentialLinearOf(const ModelSettings& settings);

}  // namespace cairn
