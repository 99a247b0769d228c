#include "cluster/cluster_run.h"

#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/numbers.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/suggest.h"
#include "cluster/embedded.h"
#include "cluster/submitter.h"
#include "train/bad_row_log.h"
#include "train/train_worker.h"
#include "transport/address.h"

namespace cairn {
namespace {

constexpr int32_t kExitInterrupted = 130;

// Nothing to look after but the job itself.
class PlainRun : public ClusterRun {
 public:
  explicit PlainRun(std::unique_ptr<JobHandle> job) : job_(std::move(job)) {}

  JobHandle& job() override { return *job_; }
  absl::StatusOr<bool> WaitFor(std::chrono::milliseconds patience) override {
    return job_->WaitFor(patience);
  }
  void Interrupt() override {
    if (!std::exchange(interrupted_, true)) job_->Stop(kExitInterrupted, "interrupted");
  }
  absl::Status Finish() override { return StatusOf(job_->Wait()); }

 protected:
  PlainRun() = default;
  void Follow(std::unique_ptr<JobHandle> job) { job_ = std::move(job); }

 private:
  std::unique_ptr<JobHandle> job_;
  bool interrupted_ = false;
};

std::string LeftOut(const BadRowLog::Total& total, const std::string& first) {
  return Concat(CountOfBadRows(total.bad_rows, total.rows + total.bad_rows),
                " left out, the first: ", first);
}

class EmbeddedRun final : public PlainRun {
 public:
  absl::Status Start(const TrainOptions& options, const TrainPlan& plan) {
    train_ = plan.train;
    valid_ = plan.valid;
    CAIRN_ASSIGN_OR_RETURN(
        cluster_,
        EmbeddedCluster::Start(plan.setup, {options.servers, options.executors, {}}, &files_));
    TrainWorker::Options worker;
    worker.coordinator = cluster_->coordinator().address();
    worker.threads = options.threads;
    worker.train = plan.train;
    worker.valid = plan.valid;
    CAIRN_ASSIGN_OR_RETURN(const TrainProgram program, DecodeProgram(plan.setup.job.program));
    CAIRN_ASSIGN_OR_RETURN(worker.caches,
                           RowCaches::Make({options.cache, options.cache_bytes_max}, program));
    worker.bad_rows = &bad_rows_;
    worker.models = options.models;
    worker.device.memory_bytes_max = options.device_bytes_max;
    worker.note = [this](const std::string& note) {
      const MutexLock lock(notes_mutex_);
      if (notes_.empty()) notes_.push_back(note);  // The others' are much the same.
    };
    for (uint32_t w = 0; w < options.workers; ++w) {
      worker.device.device = DeviceOfWorker(plan.device, w);
      CAIRN_ASSIGN_OR_RETURN(auto started, TrainWorker::Start(worker, cluster_->transport_maker()));
      workers_.push_back(std::move(started));
    }
    Follow(HandleOf(&cluster_->coordinator()));
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    CAIRN_RETURN_IF_ERROR(PlainRun::Finish());
    for (const auto& worker : workers_) CAIRN_RETURN_IF_ERROR(worker->Wait());
    return absl::OkStatus();
  }

  std::vector<std::string> notes() const override {
    const MutexLock lock(notes_mutex_);
    return notes_;
  }

  void Complete(TrainReport* report) const override {
    const BadRowLog::Total train = bad_rows_.train.total();
    report->bad_rows = train.bad_rows;
    if (train.first) {
      report->first_bad_row = MessageOf(BadRowError(*train_, *train.first));
      report->notes.push_back(LeftOut(train, report->first_bad_row));
    }
    const BadRowLog::Total valid = bad_rows_.valid.total();
    if (!valid.first) return;
    report->notes.push_back(
        "--valid: " + LeftOut(valid, std::string(MessageOf(BadRowError(*valid_, *valid.first)))));
  }

 private:
  std::shared_ptr<const DataSource> train_;
  std::shared_ptr<const DataSource> valid_;  // Null: none.
  BadRowLogs bad_rows_;                      // Before the workers, which write to it, and to these.
  mutable Mutex notes_mutex_;
  std::vector<std::string> notes_ CAIRN_GUARDED_BY(notes_mutex_);
  PosixFileSystem files_;
  std::unique_ptr<EmbeddedCluster> cluster_;
  std::vector<std::unique_ptr<TrainWorker>> workers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterRun>> StartEmbeddedRun(const TrainOptions& options,
                                                             const TrainPlan& plan) {
  auto run = std::make_unique<EmbeddedRun>();
  CAIRN_RETURN_IF_ERROR(run->Start(options, plan));
  return run;
}

absl::StatusOr<std::unique_ptr<ClusterRun>> StartRemoteRun(const TrainOptions& options,
                                                           const TrainPlan& plan) {
  SubmitterOptions submitter;
  submitter.coordinator = options.cluster;
  submitter.job = {plan.setup.job, plan.setup.plan};
  submitter.join_timeout = absl::ToInt64Microseconds(options.join_timeout);
  submitter.orphan_timeout = absl::ToInt64Microseconds(options.orphan_timeout);
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<JobHandle> job, StartSubmitter(std::move(submitter)));
  return RunOf(std::move(job));
}

absl::StatusOr<std::unique_ptr<ClusterRun>> StartRun(const TrainOptions& options,
                                                     const TrainPlan& plan) {
  CAIRN_RETURN_IF_ERROR(Annotate(CheckCluster(options.cluster), "cluster"));
  if (options.cluster == "embedded") return StartEmbeddedRun(options, plan);
  if (options.cluster == "local") return StartLocalRun(options, plan);
  return StartRemoteRun(options, plan);
}

std::unique_ptr<ClusterRun> RunOf(std::unique_ptr<JobHandle> job) {
  return std::make_unique<PlainRun>(std::move(job));
}

absl::Status CheckCluster(const std::string& cluster) {
  if (cluster == "embedded" || cluster == "local") return absl::OkStatus();
  if (cluster.find("://") != cluster.npos) return ParseAddress(cluster).status();
  const std::string known[] = {"embedded", "local"};
  const std::string guess = ClosestWord(cluster, known);
  return InvalidArgument(Quoted(cluster),
                         " is none of embedded, local and a coordinator's tcp://HOST:PORT",
                         guess.empty() ? "" : Concat("; did you mean ", guess, "?"));
}

}  // namespace cairn
