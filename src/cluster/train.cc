// Train: a plan, a cluster for it, and the way to its end.
#include "cairn/train.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cluster/cluster_run.h"
#include "cluster/train_job.h"
#include "cluster/train_plan.h"
#include "coordinator/coordinator_core.h"

namespace cairn {
namespace {

// A directory for the model that was not there before goes again if nothing was put into it.
class SaveDirectory {
 public:
  explicit SaveDirectory(const std::string& path) {
    std::error_code ignored;  // Whoever saves finds out what is wrong.
    if (!path.empty() && !std::filesystem::exists(path, ignored)) made_here_ = path;
  }
  ~SaveDirectory() {
    std::error_code ignored;  // It is not empty, most likely.
    if (!made_here_.empty()) std::filesystem::remove(made_here_, ignored);
  }
  SaveDirectory(const SaveDirectory&) = delete;
  SaveDirectory& operator=(const SaveDirectory&) = delete;

 private:
  std::string made_here_;
};

}  // namespace

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
    effective.cache.clear();
    effective.device_bytes_max = 0;
  }
  CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(effective, SpoolingTo(progress)));
  const SaveDirectory directory(effective.save_dir);  // Before the run, which may write to it.
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ClusterRun> run, StartRun(effective, plan));
  const double setup_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  CAIRN_ASSIGN_OR_RETURN(TrainReport report, FollowTraining(effective, plan, run.get(), progress));
  report.setup_seconds += setup_seconds;
  return report;
}

}  // namespace cairn
