// The coordinator's part that ends a job: saving the model, the farewell, and what it reports.
#include <algorithm>
#include <utility>

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

void AddDigest(const SnapshotDone& part, uint64_t* high, uint64_t* low) {
  const uint64_t sum = *low + part.digest_low;  // Modulo 2^128.
  *high += part.digest_high + (sum < part.digest_low ? 1 : 0);
  *low = sum;
}

int32_t CodeOf(const absl::Status& status) {
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

// Whether the model is to be that of the best epoch: of a training that goes on beyond it.
bool CoordinatorCore::KeepsBest() const {
  const JobPlan& plan = state_.plan;
  return plan.stop.patience > 0 && plan.evaluation_batches > 0 &&
         (plan.want_digest || !plan.save_dir.empty());
}

// The training is over. A model that was kept is the job's, even if what came after it diverged.
void CoordinatorCore::BeginSaving(int32_t code, const std::string& message, Micros now,
                                  CoordinatorActions* out) {
  const JobPlan& plan = state_.plan;
  interrupted_.reset();  // It came to its end before.
  pending_code_ = code;
  pending_message_ = message + LeftOut();
  if (!state_.kept.files.empty() && (code == 0 || code == kExitDiverged)) {
    Conclude(now, out);
  } else if (code != 0 || (!plan.want_digest && plan.save_dir.empty())) {
    End(code, pending_message_, now, out);
  } else {
    TakeSnapshots(now, out);
  }
}

void CoordinatorCore::TakeSnapshots(Micros now, CoordinatorActions* out) {
  phase_ = JobPhase::kSaving;
  DropCheckpoint(out);
  Decide(CheckpointBegun{state_.checkpoint + 1, false}, out);
  snapshot_heard_ = now;
  repeat_at_ = now + times_.repeat;
  RequestSnapshots(out);
}

// Makes what is kept the job's model.
void CoordinatorCore::Conclude(Micros now, CoordinatorActions* out) {
  phase_ = JobPhase::kSaving;
  result_.features = result_.digest_high = result_.digest_low = 0;
  for (const SnapshotDone& done : state_.kept.files) {
    result_.features += done.rows;
    AddDigest(done, &result_.digest_high, &result_.digest_low);
  }
  if (state_.plan.save_dir.empty()) {
    End(pending_code_, pending_message_, now, out);
  } else {
    manifest_asked_ = true;
    out->manifest = ManifestFile{0, state_.plan.save_dir, ManifestText()};
  }
}

void CoordinatorCore::Discard(const std::vector<SnapshotDone>& files,
                              CoordinatorActions* out) const {
  if (state_.plan.save_dir.empty()) return;
  for (const SnapshotDone& done : files) out->obsolete.push_back(done.file);
}

void CoordinatorCore::RequestSnapshots(CoordinatorActions* out) const {
  for (uint32_t p = 0; p < state_.partitions.size(); ++p) {
    if (snapshots_.contains(p)) continue;
    const PartitionEntry& entry = state_.partitions[p];
    Send(entry.primary, SnapshotRequest{state_.checkpoint, p, entry.term, state_.plan.save_dir},
         out);
  }
}

void CoordinatorCore::OnSnapshotDone(const Message& message, const SnapshotDone& done, Micros now,
                                     CoordinatorActions* out) {
  if (phase_ >= JobPhase::kFarewell || done.partition >= state_.partitions.size()) return;
  const PartitionEntry& entry = state_.partitions[done.partition];
  if (done.term != entry.term || message.header.from != entry.primary) return;
  if (done.stage == SnapshotDone::Stage::kNotLoaded) {
    OnNotLoaded(done, now, out);
  } else if (state_.taking.has_value() && done.checkpoint == state_.taking->id) {
    OnCheckpointPart(done, now, out);
  } else if (done.checkpoint == state_.checkpoint) {
    OnModelPart(done, now, out);
  }
}

void CoordinatorCore::OnModelPart(const SnapshotDone& done, Micros now, CoordinatorActions* out) {
  if (phase_ != JobPhase::kSaving || manifest_asked_ || snapshots_.contains(done.partition)) return;
  if (!done.error.empty()) {
    End(kExitInternal, Concat("the model could not be saved: ", done.error), now, out);
    return;
  }
  snapshot_heard_ = now;
  snapshots_[done.partition] = done;
  if (snapshots_.size() < state_.partitions.size()) return;
  ModelKept kept{state_.epochs.size(), {}};
  for (auto& [p, each] : std::exchange(snapshots_, {})) kept.files.push_back(std::move(each));
  Discard(state_.kept.files, out);
  Decide(std::move(kept), out);
  if (std::exchange(goes_on_, false)) {
    OpenNextEpoch(out);
  } else {
    Conclude(now, out);
  }
}

std::string CoordinatorCore::ManifestText() const {
  Manifest manifest;
  manifest.job = state_.job.name;
  manifest.program = state_.job.program;
  manifest.digest_high = result_.digest_high;
  manifest.digest_low = result_.digest_low;
  for (const SnapshotDone& done : state_.kept.files) {
    manifest.files.push_back({done.partition, done.file, done.bytes, done.crc, done.rows});
  }
  return FormatManifest(manifest);
}

void CoordinatorCore::ManifestWritten(uint64_t checkpoint, const absl::Status& status, Micros now,
                                      CoordinatorActions* out) {
  if (checkpoint != 0) {
    CheckpointWritten(checkpoint, status, now, out);
    return;
  }
  if (phase_ != JobPhase::kSaving) return;
  if (!status.ok()) {
    End(kExitInternal, Concat("the model could not be saved: ", MessageOf(status)), now, out);
    return;
  }
  End(pending_code_, pending_message_, now, out);
}

void CoordinatorCore::Stop(int32_t code, const std::string& message, Micros now,
                           CoordinatorActions* out) {
  if (phase_ > JobPhase::kSaving) return;
  stop_asked_ = code == 0;
  if (phase_ == JobPhase::kSaving && code == 0) {
    if (std::exchange(goes_on_, false)) pending_message_ = message;
    return;
  }
  if (code == 0 && state_.partitions.empty() && !state_.plan.save_dir.empty()) {
    stop_when_placed_ = true;  // There is nothing to save before; form_timeout bounds the wait.
    pending_message_ = message;
  } else if (code == 0 && !state_.partitions.empty()) {
    BeginSaving(code, message, now, out);
  } else if (code == kExitInterrupted && MayTakeCheckpoint()) {
    if (interrupted_.has_value()) return;  // It is repeated until it is done.
    interrupted_ = Interrupted{message, now + times_.last_checkpoint};
    if (!state_.taking.has_value()) BeginCheckpoint(now, out);
  } else {
    End(code, message, now, out);
  }
}

void CoordinatorCore::End(int32_t code, const std::string& message, Micros now,
                          CoordinatorActions* out) {
  if (phase_ >= JobPhase::kFarewell) return;
  DropCheckpoint(out);
  Decide(JobEnded{code, message, result_.features, result_.digest_high, result_.digest_low,
                  result_.train_seconds},
         out);
  if (!manifest_asked_) {
    Discard(state_.kept.files, out);
    for (const auto& [p, done] : snapshots_) Discard({done}, out);
  }
  BeginFarewell(now, out);
}

void CoordinatorCore::BeginFarewell(Micros now, CoordinatorActions* out) {
  phase_ = JobPhase::kFarewell;
  farewell_until_ = now + times_.farewell;
  repeat_at_ = now + times_.repeat;
  const JobEnded& end = state_.end;
  result_.code = end.code;
  result_.message = end.message;
  result_.epochs = state_.epochs;
  result_.rows = state_.rows_total;
  result_.features = end.features;
  result_.digest_high = end.digest_high;
  result_.digest_low = end.digest_low;
  result_.train_seconds = end.train_seconds;
  Announce(out);
  FinishIfAlone(out);
}

void CoordinatorCore::Announce(CoordinatorActions* out) const {
  for (const auto& [process, member] : state_.members) {
    Send(member.id, JobEnd{state_.end.code, state_.end.message}, out);
  }
}

// Nobody is left who would have to hear of the end.
void CoordinatorCore::FinishIfAlone(CoordinatorActions* out) {
  if (state_.members.empty() && told_to_wait_.empty()) Finish(out);
}

void CoordinatorCore::Finish(CoordinatorActions* out) {
  phase_ = JobPhase::kFinished;
  // What servers had begun to write of a checkpoint that was given up is there only now.
  if (!state_.plan.checkpoints.directory.empty()) Prune(out);
  const JobStatus last = status(0);
  result_.bytes_sent = last.bytes_sent;
  result_.bytes_received = last.bytes_received;
  result_.frames_refused = last.frames_refused;
}

}  // namespace cairn
