// Train: a plan, a cluster for it, and the way to its end.
#include "cairn/train.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/status.h"
#include "cluster/cluster_run.h"
#include "cluster/train_job.h"
#include "cluster/train_plan.h"

namespace cairn {

int ExitCode(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return 2;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      return 3;
    case absl::StatusCode::kDataLoss:
      return 4;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnavailable:
      return 5;
    case absl::StatusCode::kOutOfRange:
      return 6;
    case absl::StatusCode::kCancelled:
      return 130;
    default:
      return 1;
  }
}

absl::StatusOr<TrainReport> Train(const TrainOptions& options,
                                  const std::function<bool(const TrainProgress&)>& progress) {
  using Clock = std::chrono::steady_clock;
  CAIRN_RETURN_IF_ERROR(CheckCluster(options.cluster));
  const Clock::time_point start = Clock::now();
  TrainOptions effective = options;
  if (options.cluster != "embedded" && options.cluster != "local") {
    effective = WithAbsoluteDirectories(std::move(effective));
    effective.threads = effective.executors = 0;  // Whoever started the processes has set them.
  }
  CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(effective, SpoolingTo(progress)));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ClusterRun> run, StartRun(effective, plan));
  const double setup_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  CAIRN_ASSIGN_OR_RETURN(TrainReport report, FollowTraining(effective, plan, run.get(), progress));
  report.setup_seconds += setup_seconds;
  return report;
}

}  // namespace cairn
