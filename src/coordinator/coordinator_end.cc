// The coordinator's part that ends a job: saving the model, the farewell, and what it reports.
#include <algorithm>

#include "base/status.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/exit_codes.h"
#include "coordinator/manifest.h"

namespace cairn {

absl::Status StatusOf(const JobResult& result) {
  switch (result.code) {
    case 0:
      return {};
    case 2:
      return InvalidArgument(result.message);
    case 3:
      return NotFound(result.message);
    case 4:
      return DataLoss(result.message);
    case 5:
      return DeadlineExceeded(result.message);
    case 6:
      return MakeError(absl::StatusCode::kOutOfRange, result.message);
    case 130:
      return MakeError(absl::StatusCode::kCancelled, result.message);
    default:
      return Internal(result.message);
  }
}

void CoordinatorCore::BeginSaving(int32_t code, const std::string& message, Micros now,
                                  CoordinatorActions* out) {
  const JobPlan& plan = state_.plan;
  if (code != 0 || (!plan.want_digest && plan.save_dir.empty())) {
    End(code, message, now, out);
    return;
  }
  phase_ = Phase::kSaving;
  pending_code_ = code;
  pending_message_ = message;
  repeat_at_ = now + times_.repeat;
  RequestSnapshots(out);
}

void CoordinatorCore::RequestSnapshots(CoordinatorActions* out) const {
  for (uint32_t p = 0; p < state_.partitions.size(); ++p) {
    if (snapshots_.contains(p)) continue;
    const PartitionEntry& entry = state_.partitions[p];
    Send(entry.primary, SnapshotRequest{1, p, entry.term, state_.plan.save_dir}, out);
  }
}

void CoordinatorCore::OnSnapshotDone(const Message& message, const SnapshotDone& done, Micros now,
                                     CoordinatorActions* out) {
  if (phase_ != Phase::kSaving || done.partition >= state_.partitions.size()) return;
  const PartitionEntry& entry = state_.partitions[done.partition];
  if (done.term != entry.term || message.header.from != entry.primary) return;
  if (snapshots_.contains(done.partition)) return;
  if (!done.error.empty()) {
    End(kExitInternal, Concat("the model could not be saved: ", done.error), now, out);
    return;
  }
  snapshots_[done.partition] = done;
  result_.features += done.rows;
  // Addition modulo 2^128.
  const uint64_t low = result_.digest_low + done.digest_low;
  result_.digest_high += done.digest_high + (low < done.digest_low ? 1 : 0);
  result_.digest_low = low;
  if (snapshots_.size() < state_.partitions.size()) return;
  if (state_.plan.save_dir.empty()) {
    End(pending_code_, pending_message_, now, out);
  } else if (!manifest_asked_) {
    manifest_asked_ = true;
    out->manifest = ManifestText();
  }
}

std::string CoordinatorCore::ManifestText() const {
  Manifest manifest;
  manifest.job = state_.job.name;
  manifest.program = state_.job.program;
  manifest.digest_high = result_.digest_high;
  manifest.digest_low = result_.digest_low;
  for (const auto& [p, done] : snapshots_) {
    manifest.files.push_back({p, done.file, done.bytes, done.crc, done.rows});
  }
  return FormatManifest(manifest);
}

void CoordinatorCore::ManifestWritten(const absl::Status& status, Micros now,
                                      CoordinatorActions* out) {
  if (phase_ != Phase::kSaving) return;
  if (!status.ok()) {
    End(kExitInternal, Concat("the model could not be saved: ", MessageOf(status)), now, out);
    return;
  }
  End(pending_code_, pending_message_, now, out);
}

void CoordinatorCore::Stop(int32_t code, const std::string& message, Micros now,
                           CoordinatorActions* out) {
  if (phase_ > Phase::kSaving || (phase_ == Phase::kSaving && code == 0)) return;
  if (code == 0 && state_.partitions.empty() && !state_.plan.save_dir.empty()) {
    stop_when_placed_ = true;  // There is nothing to save before; form_timeout bounds the wait.
    pending_message_ = message;
  } else if (code == 0 && !state_.partitions.empty()) {
    BeginSaving(code, message, now, out);
  } else {
    End(code, message, now, out);
  }
}

void CoordinatorCore::End(int32_t code, const std::string& message, Micros now,
                          CoordinatorActions* out) {
  if (phase_ >= Phase::kFarewell) return;
  Decide(JobEnded{code, message}, out);
  phase_ = Phase::kFarewell;
  farewell_until_ = now + times_.farewell;
  repeat_at_ = now + times_.repeat;
  result_.code = code;
  result_.message = message;
  result_.epochs = state_.epochs;
  result_.rows = state_.rows_total;
  Announce(out);
  if (state_.members.empty()) phase_ = Phase::kFinished;
}

void CoordinatorCore::Announce(CoordinatorActions* out) const {
  for (const auto& [process, member] : state_.members) {
    Send(member.id, JobEnd{state_.end_code, state_.end_message}, out);
  }
}

CoordinatorCore::Status CoordinatorCore::status(Micros now) const {
  static constexpr const char* kNames[] = {"forming", "serving",  "training", "evaluating",
                                           "saving",  "farewell", "finished"};
  Status status;
  status.phase = kNames[static_cast<size_t>(phase_)];
  status.epoch = state_.epochs.size();
  status.batches = BatchesOfEpoch(state_.plan.schedule, status.epoch);
  status.rows = state_.epoch_rows;
  status.loss_sum = state_.epoch_loss_sum;
  status.epochs = state_.epochs;
  if (phase_ == Phase::kForming) {
    status.waiting_for = Concat(Missing(), " for ", (now - started_) / kMicrosPerSecond, " s");
  }
  uint64_t left = 0;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.work.kind != StreamWork::Kind::kTrain) continue;
    left += (Fixed() ? stream.limit : stream.work.last) - stream.progress;
  }
  status.batches_done = status.batches - std::min(status.batches, left);
  return status;
}

}  // namespace cairn
