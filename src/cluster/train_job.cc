#include "cluster/train_job.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cluster/train_notes.h"
#include "coordinator/manifest.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kInterrupted = "interrupted";
constexpr auto kPollEvery = std::chrono::milliseconds(200);

uint64_t OwnPeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// Of all processes together. In one process everybody reports the same memory.
uint64_t MembersRssBytes(const JobStatus& status) {
  uint64_t bytes = 0;
  for (const MemberStatus& member : status.members) bytes += member.usage.rss_bytes;
  return bytes;
}

EpochReport ReportOf(const EpochRecord& record) {
  return {.epoch = record.epoch + 1,
          .rows = record.rows,
          .train_logloss = record.train_logloss,
          .valid_logloss = record.valid_logloss,
          .valid_auc = record.valid_auc,
          .seconds = record.seconds,
          .valid_accuracy = record.valid_accuracy,
          .valid_baseline_loss = record.valid_baseline_loss,
          .valid_baseline_accuracy = record.valid_baseline_accuracy,
          .valid_calibration = record.valid_calibration};
}

void Append(std::vector<std::string> more, std::vector<std::string>* notes) {
  for (std::string& note : more) notes->push_back(std::move(note));
}

TrainProgress ProgressOf(const JobStatus& status, const TrainPlan& plan) {
  const uint64_t epochs = plan.setup.plan.schedule.epochs;
  TrainProgress progress;
  progress.phase = NameOf(status.phase).data();  // Names of phases are literals.
  progress.epoch = std::min(status.epoch + 1, epochs);
  progress.epochs = epochs;
  progress.rows = status.rows;
  progress.data = plan.data_description;
  progress.notes = plan.notes;
  progress.waiting_for = status.waiting_for;
  progress.workers_lost = status.workers_lost;
  progress.rollbacks = status.rollbacks;
  progress.alarm = status.alarm;
  if (status.batches > 0) {
    progress.epoch_share =
        static_cast<double>(status.batches_done) / static_cast<double>(status.batches);
  }
  if (status.rows > 0) progress.loss = status.loss_sum / static_cast<double>(status.rows);
  for (const EpochRecord& record : status.epochs_listed) progress.done.push_back(ReportOf(record));
  return progress;
}

uint64_t BestEpoch(const std::vector<EpochReport>& epochs, const std::string& metric) {
  uint64_t best_epoch = 0;
  double best = -INFINITY;
  for (const EpochReport& epoch : epochs) {
    const double goodness = GoodnessOf(epoch, metric);
    if (!(goodness > best)) continue;  // NaN: nothing was validated.
    best = goodness;
    best_epoch = epoch.epoch;
  }
  return best_epoch;
}

TrainReport MakeReport(const TrainOptions& options, const TrainPlan& plan, const ClusterRun& run,
                       const JobResult& result) {
  TrainReport report;
  report.model = options.model;
  report.cluster = options.cluster;
  report.settings = plan.settings;
  report.data = plan.data_description;
  report.notes = plan.notes;
  Append(run.notes(), &report.notes);
  report.rows = result.rows;
  report.features = result.features;
  report.train_seconds = result.train_seconds;
  if (result.train_seconds > 0) {
    report.rows_per_second = static_cast<double>(result.rows) / result.train_seconds;
  }
  report.bytes_sent = result.bytes_sent;
  report.bytes_received = result.bytes_received;
  report.frames_refused = result.frames_refused;
  report.model_digest = FormatDigest(result.digest_high, result.digest_low);
  report.stop_reason = result.message;
  for (const EpochRecord& record : result.epochs) report.epochs.push_back(ReportOf(record));
  report.loss = plan.loss;
  report.stop_metric = plan.stop_metric;
  report.best_epoch = BestEpoch(report.epochs, report.stop_metric);
  const bool keeps_best = options.patience > 0 && report.best_epoch > 0;
  report.model_epoch = keeps_best ? report.best_epoch : report.epochs.size();
  Append(NotesAfter(options, plan.loss, plan.sample, report.epochs), &report.notes);
  return report;
}

// An interrupt says what is left of the training.
absl::Status Outcome(const absl::Status& status, size_t epochs_done, bool has_checkpoint) {
  if (status.code() != absl::StatusCode::kCancelled || MessageOf(status) != kInterrupted) {
    return status;
  }
  return MakeError(
      status.code(), kInterrupted, epochs_done == 0 ? " within epoch " : " after epoch ",
      std::max<size_t>(epochs_done, 1),
      has_checkpoint ? "; --resume goes on from the last checkpoint" : "; nothing is saved");
}

std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

double GoodnessOf(const EpochReport& epoch, std::string_view stop_metric) {
  if (stop_metric == "auc") return epoch.valid_auc;
  return stop_metric == "accuracy" ? epoch.valid_accuracy : -epoch.valid_logloss;
}

SpoolProgress SpoolingTo(const std::function<bool(const TrainProgress&)>& progress) {
  if (!progress) return {};
  return [progress](uint64_t bytes) {
    TrainProgress spooling;
    spooling.phase = "spooling";
    spooling.bytes_spooled = bytes;
    return progress(spooling);
  };
}

TrainOptions WithAbsoluteDirectories(TrainOptions options) {
  options.init_dir = Absolute(options.init_dir);
  options.save_dir = Absolute(options.save_dir);
  options.checkpoint_dir = Absolute(options.checkpoint_dir);
  return options;
}

absl::StatusOr<TrainReport> FollowTraining(
    const TrainOptions& options, const TrainPlan& plan, ClusterRun* run,
    const std::function<bool(const TrainProgress&)>& progress) {
  const Clock::time_point start = Clock::now();
  double setup_seconds = 0;
  uint64_t members_rss = 0;
  size_t epochs_done = 0;
  bool has_checkpoint = false;
  const auto show = [&] {
    const JobStatus status = run->job().status();
    if (status.phase <= JobPhase::kForming) {
      setup_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
    epochs_done = status.epochs_listed.size();
    has_checkpoint = status.checkpoint != 0;
    members_rss = std::max(members_rss, MembersRssBytes(status));
    TrainProgress now = ProgressOf(status, plan);
    now.log_dir = run->log_dir();
    Append(run->notes(), &now.notes);
    return !progress || progress(now);
  };
  bool over = false;
  do {
    if (!show()) run->Interrupt();
    const absl::StatusOr<bool> waited = run->WaitFor(kPollEvery);
    if (!waited.ok()) return Outcome(waited.status(), epochs_done, has_checkpoint);
    over = *waited;
  } while (!over);
  show();
  const JobResult result = run->job().Wait();
  CAIRN_RETURN_IF_ERROR(Outcome(run->Finish(), epochs_done, has_checkpoint));
  TrainReport report = MakeReport(options, plan, *run, result);
  run->Complete(&report);
  report.setup_seconds = setup_seconds;
  report.peak_rss_bytes = options.cluster == "embedded" ? OwnPeakRssBytes() : members_rss;
  return report;
}

}  // namespace cairn
