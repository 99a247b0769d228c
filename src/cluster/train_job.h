// Training as far as it is the same wherever the processes are: following the job, and its report.
#pragma once

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/train.h"
#include "cluster/cluster_run.h"
#include "cluster/train_plan.h"

namespace cairn {

// --init and --save for processes with other working directories; paths of data are absolute
// anyway.
TrainOptions WithAbsoluteDirectories(TrainOptions options);

// What TrainReport::stop_metric compares, made larger for better epochs. NaN: nothing was
// validated.
double GoodnessOf(const EpochReport& epoch, std::string_view stop_metric);

// Tells `progress` of input that is read from pipes: while that lasts, there is nothing else to
// tell.
SpoolProgress SpoolingTo(const std::function<bool(const TrainProgress&)>& progress);

// Follows the job that `run` is about to its end, as Train does; setup_seconds of the report is the
// time that was spent here until all processes had joined.
absl::StatusOr<TrainReport> FollowTraining(
    const TrainOptions& options, const TrainPlan& plan, ClusterRun* run,
    const std::function<bool(const TrainProgress&)>& progress);

}  // namespace cairn
