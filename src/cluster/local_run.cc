// A training job in processes on this machine.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"
#include "cluster/cluster_run.h"
#include "cluster/local_processes.h"
#include "cluster/submitter.h"
#include "transport/process_report.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int32_t kExitInternal = 1;
constexpr int32_t kExitDiverged = 6;
constexpr int32_t kExitInterrupted = 130;
// The end of a job is heard of by asking, the end of a process at once.
constexpr auto kAskEvery = std::chrono::milliseconds(20);
// For a coordinator that hangs. Longer than it waits for everybody's farewell.
constexpr auto kInterruptPatience = std::chrono::seconds(8);
// For its last checkpoint: as long as it may take for it.
constexpr auto kLastCheckpointPatience = std::chrono::seconds(10);
// Once the job is over; after an interrupt nobody has anything to finish.
constexpr auto kLeavePatience = std::chrono::seconds(2);
constexpr auto kEndPatience = std::chrono::seconds(8);

class LocalRun final : public ClusterRun {
 public:
  absl::Status Start(const TrainOptions& options, const TrainPlan& plan) {
    LocalProcesses::Options local;
    local.servers = options.servers;
    local.workers = options.workers;
    local.executors = options.executors;
    local.threads = options.threads;
    local.cache = {options.cache, options.cache_bytes_max};
    local.device = {plan.device, options.device_bytes_max};
    local.restarts_max = options.restarts_max;
    local.restarts_servers = !options.checkpoint_dir.empty();
    local.program_dir = options.program_dir;
    local.worker_program = options.worker_program;
    local.log_dir = options.log_dir;
    local.form_timeout = options.form_timeout;
    local.orphan_timeout = options.orphan_timeout;
    if (!options.checkpoint_dir.empty()) patience_ += kLastCheckpointPatience;
    CAIRN_ASSIGN_OR_RETURN(processes_, LocalProcesses::Start(local));
    SubmitterOptions submitter;
    submitter.coordinator = processes_->coordinator_address();
    submitter.job = {plan.setup.job, plan.setup.plan};
    submitter.join_timeout = absl::ToInt64Microseconds(options.form_timeout);
    submitter.orphan_timeout = absl::ToInt64Microseconds(options.orphan_timeout);
    CAIRN_ASSIGN_OR_RETURN(job_, StartSubmitter(std::move(submitter)));
    return absl::OkStatus();
  }

  JobHandle& job() override { return *job_; }
  std::string log_dir() const override { return processes_->log_dir(); }

  absl::StatusOr<bool> WaitFor(std::chrono::milliseconds patience) override {
    const auto deadline = Clock::now() + patience;
    do {
      if (job_->WaitFor(std::chrono::milliseconds(0))) return true;
      processes_->Watch(kAskEvery, [this](pid_t pid, const std::string& text) {
        job_->ReportDeath(HostName(), static_cast<uint32_t>(pid), text);
      });
      if (processes_->failure().has_value()) {
        if (interrupted_at_.has_value()) return Interrupted();
        EndEverything();
        return ReportFailure(*processes_->failure(), processes_->log_dir());
      }
      if (interrupted_at_.has_value() && Clock::now() - *interrupted_at_ > patience_) {
        return Interrupted();
      }
    } while (Clock::now() < deadline);
    return job_->WaitFor(std::chrono::milliseconds(0));
  }

  void Interrupt() override {
    if (interrupted_at_.has_value()) return;
    interrupted_at_ = Clock::now();
    job_->Stop(kExitInterrupted, "interrupted");
  }

  absl::Status Finish() override {
    const JobResult result = job_->Wait();
    processes_->WaitForEnd(result.code == kExitInterrupted ? kLeavePatience : kEndPatience);
    const bool is_nobodys_fault =
        result.code == 0 || result.code == kExitInterrupted || result.code == kExitDiverged;
    if (is_nobodys_fault) {
      processes_->RemoveLogs();
      return StatusOf(result);
    }
    // Whoever found the cause ended with its code; the others say only that the job failed.
    const std::optional<RoleFailure> found = result.code == kExitInternal
                                                 ? processes_->ServerThatLeft()
                                                 : processes_->EndedWith(result.code);
    if (found.has_value()) return ReportFailure(*found, result, processes_->log_dir());
    JobResult told = result;
    told.message += "\n  logs     " + processes_->log_dir();
    return StatusOf(told);
  }

 private:
  void EndEverything() {
    job_->Abandon();
    processes_->WaitForEnd(std::chrono::milliseconds(0));
  }

  absl::Status Interrupted() {
    EndEverything();
    processes_->RemoveLogs();
    return MakeError(absl::StatusCode::kCancelled, "interrupted");
  }

  // In this order: the job is abandoned before its processes are killed.
  std::unique_ptr<LocalProcesses> processes_;
  std::unique_ptr<JobHandle> job_;
  std::optional<Clock::time_point> interrupted_at_;
  Clock::duration patience_ = kInterruptPatience;  // From then on.
};

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterRun>> StartLocalRun(const TrainOptions& options,
                                                          const TrainPlan& plan) {
  auto run = std::make_unique<LocalRun>();
  CAIRN_RETURN_IF_ERROR(run->Start(options, plan));
  return run;
}

}  // namespace cairn
