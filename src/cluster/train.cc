// Train: everything in this process, on the same cores as a cluster of machines.
#include "cairn/train.h"

#include <sys/resource.h>

#include <chrono>
#include <utility>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/units.h"
#include "cluster/embedded.h"
#include "cluster/job_handle.h"
#include "cluster/train_plan.h"
#include "coordinator/manifest.h"
#include "train/train_worker.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPollEvery = std::chrono::milliseconds(200);

double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

uint64_t PeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

EpochReport ReportOf(const EpochRecord& record) {
  return {record.epoch + 1,     record.rows,      record.train_logloss,
          record.valid_logloss, record.valid_auc, record.seconds};
}

TrainProgress ProgressOf(const JobStatus& status, const TrainPlan& plan) {
  const uint64_t epochs = plan.setup.plan.schedule.epochs;
  TrainProgress progress;
  progress.phase = NameOf(status.phase).data();  // Names of phases are literals.
  progress.epoch = std::min(status.epoch + 1, epochs);
  progress.epochs = epochs;
  progress.rows = status.rows;
  progress.data = plan.data_description;
  progress.waiting_for = status.waiting_for;
  if (status.batches > 0) {
    progress.epoch_share =
        static_cast<double>(status.batches_done) / static_cast<double>(status.batches);
  }
  if (status.rows > 0) progress.loss = status.loss_sum / static_cast<double>(status.rows);
  for (const EpochRecord& record : status.epochs_listed) progress.done.push_back(ReportOf(record));
  return progress;
}

// While input is read from a pipe, that is all there is to tell.
SpoolProgress SpoolingTo(const std::function<bool(const TrainProgress&)>& progress) {
  if (!progress) return {};
  return [progress](uint64_t bytes) {
    TrainProgress spooling;
    spooling.phase = "spooling";
    spooling.bytes_spooled = bytes;
    return progress(spooling);
  };
}

TrainReport MakeReport(const TrainOptions& options, const TrainPlan& plan,
                       const JobResult& result) {
  TrainReport report;
  report.model = options.model;
  report.settings = plan.settings;
  report.data = plan.data_description;
  report.notes = plan.notes;
  report.rows = result.rows;
  report.features = result.features;
  report.train_seconds = result.train_seconds;
  if (result.train_seconds > 0) {
    report.rows_per_second = static_cast<double>(result.rows) / result.train_seconds;
  }
  report.peak_rss_bytes = PeakRssBytes();
  report.bytes_sent = result.bytes_sent;
  report.bytes_received = result.bytes_received;
  report.model_digest = FormatDigest(result.digest_high, result.digest_low);
  report.stop_reason = result.message;
  for (const EpochRecord& record : result.epochs) report.epochs.push_back(ReportOf(record));
  return report;
}

// Shows how the job goes until it is over.
JobResult Follow(JobHandle* job, const TrainPlan& plan,
                 const std::function<bool(const TrainProgress&)>& progress) {
  while (!job->WaitFor(kPollEvery)) {
    if (progress && !progress(ProgressOf(job->status(), plan))) job->Stop(130, "interrupted");
  }
  if (progress) progress(ProgressOf(job->status(), plan));
  return job->Wait();
}

}  // namespace

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
  const Clock::time_point start = Clock::now();
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(TrainPlan plan, MakeTrainPlan(options, SpoolingTo(progress)));
  CAIRN_ASSIGN_OR_RETURN(
      const std::unique_ptr<EmbeddedCluster> cluster,
      EmbeddedCluster::Start(plan.setup, {options.servers, options.executors, {}}, &files));
  TrainWorker::Options worker_options;
  worker_options.coordinator = cluster->coordinator().address();
  worker_options.threads = options.threads;
  worker_options.train = plan.train;
  worker_options.valid = plan.valid;
  std::vector<std::unique_ptr<TrainWorker>> workers;
  for (uint32_t w = 0; w < options.workers; ++w) {
    CAIRN_ASSIGN_OR_RETURN(auto worker,
                           TrainWorker::Start(worker_options, cluster->transport_maker()));
    workers.push_back(std::move(worker));
  }
  const double setup_seconds = Since(start);
  const std::unique_ptr<JobHandle> job = HandleOf(&cluster->coordinator());
  const JobResult result = Follow(job.get(), plan, progress);
  CAIRN_RETURN_IF_ERROR(StatusOf(result));
  for (const auto& worker : workers) CAIRN_RETURN_IF_ERROR(worker->Wait());
  TrainReport report = MakeReport(options, plan, result);
  report.setup_seconds = setup_seconds;
  return report;
}

}  // namespace cairn
