// From what a command line says to what the library is called with.
#pragma once

#include "absl/status/statusor.h"
#include "base/option_parser.h"
#include "cairn/job.h"
#include "cairn/train.h"

namespace cairn {

// The settings of `cairn train`. kInvalidArgument: options that contradict one another.
absl::StatusOr<TrainOptions> MakeTrainOptions(const OptionValues& values);
// As far as they are the job's, wherever it runs: all but where the processes are, their threads
// and time-outs.
absl::StatusOr<TrainOptions> MakeJobOptions(const OptionValues& values);
// --seed, --partitions, --consistency and --streams. kInvalidArgument, as above.
absl::Status SetShape(const OptionValues& values, JobSpec* job);

// --init, --save, and all about checkpoints.
void SetDirectories(const OptionValues& values, TrainOptions* options);
// How rows are made of text: of `cairn train` and `cairn data stat`.
RowOptions MakeRowOptions(const OptionValues& values);
// Those of `cairn eval` and `cairn predict`.
ScoreOptions MakeScoreOptions(const OptionValues& values);

}  // namespace cairn
