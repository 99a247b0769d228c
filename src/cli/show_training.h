// What a user sees of a training, whoever runs it.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/option_parser.h"
#include "cairn/train.h"
#include "cli/console.h"
#include "cluster/interrupt.h"

namespace cairn {

using ProgressCallback = std::function<bool(const TrainProgress&)>;
using Training = std::function<absl::StatusOr<TrainReport>(const ProgressCallback& progress)>;

// Runs `train`, shows its progress and result, and writes the --report. The first signal ends it.
absl::Status ShowTraining(const OptionValues& values, const TrainOptions& options,
                          const Console& console, const InterruptScope& interrupt,
                          const Training& train);

}  // namespace cairn
