// Train: a plan, a cluster for it, and the way to its end.
#include "cairn/train.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/status.h"
#include "cluster/cluster_run.h"
#include "cluster/train_job.h"
#include "cluster/train_plan.h"
#include "coordinator/coordinator_core.h"

namespace cairn {

int ExitCode(const absl::Status& status) { return CodeOf(status); }

absl::StatusOr<TrainReport> Train(const TrainOptions& options,
                                  const std::function<bool(const TrainProgress&)>& progress) {
  using Clock = std::chrono::steady_clock;
  CAIRN_RETURN_IF_ERROR(Annotate(CheckCluster(options.cluster), "cluster"));
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
