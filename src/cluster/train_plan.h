// From what a user asks for to a job: data opened and sampled, defaults filled in, tables, program,
// schedule. doc/defaults.md holds the rules.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/train.h"
#include "coordinator/coordinator_shell.h"
#include "train/chunks.h"
#include "train/data_source.h"

namespace cairn {

struct TrainPlan {
  CoordinatorSetup setup;
  std::shared_ptr<const DataSource> train;
  std::shared_ptr<const DataSource> valid;  // Null: none.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string data_description;
};

// kInvalidArgument: options that contradict themselves or are out of range; kNotFound and the like:
// the data cannot be read.
absl::StatusOr<TrainPlan> MakeTrainPlan(const TrainOptions& options);

// "auto" (none), or a FormatName.
absl::StatusOr<std::optional<DataFormat>> ParseFormat(const std::string& format);

}  // namespace cairn
