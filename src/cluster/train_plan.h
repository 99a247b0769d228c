// From what a user asks for to a job: data opened and sampled, defaults filled in, tables, program,
// schedule. doc/defaults.md holds the rules.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/train.h"
#include "coordinator/coordinator_shell.h"
#include "train/chunks.h"
#include "train/data_paths.h"
#include "train/data_sample.h"
#include "train/data_source.h"

namespace cairn {

struct TrainPlan {
  std::unique_ptr<DataPaths> paths;  // Holds what was read from pipes: whoever opens the job's
                                     // data by path needs it.
  CoordinatorSetup setup;
  std::shared_ptr<const DataSource> train;
  std::shared_ptr<const DataSource> valid;  // Null: none.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string data_description;
  DataSample sample;               // Of the training data.
  std::string device;              // DevicePlan::device.
  std::vector<std::string> notes;  // TrainReport::notes.
  std::string loss;                // TrainReport::loss.
  std::string stop_metric;         // TrainReport::stop_metric.
};

// kInvalidArgument: options that contradict themselves or are out of range; kNotFound and the like:
// the data cannot be read. `spooling` is told of input that is read from pipes first.
absl::StatusOr<TrainPlan> MakeTrainPlan(const TrainOptions& given,
                                        const SpoolProgress& spooling = {});

// Default without a checkpoint_dir.
CheckpointPlan CheckpointsOf(const TrainOptions& options);

}  // namespace cairn
