// The coordinator's part that takes checkpoints while the job goes on, and that takes the job back
// to one when a server is lost. doc/checkpoints.md says why it is right.
#include <algorithm>
#include <utility>

#include "base/file_system.h"
#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/exit_codes.h"
#include "coordinator/manifest.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr StepIndex kCutAheadMost = 1 << 16;  // bsp: of steps.

constexpr char kWithoutCheckpoint[] =
    ": its part of the model is lost, and with it the job; with --checkpoint-dir the job goes on "
    "from its last checkpoint";

}  // namespace

std::string CoordinatorCore::CheckpointPath(uint64_t id) const {
  return JoinPath(state_.plan.checkpoints.directory, CheckpointDirectory(id));
}

Micros CoordinatorCore::CheckpointEvery() const {
  return static_cast<Micros>(state_.plan.checkpoints.every_seconds * kMicrosPerSecond);
}

// ---- Taking one -------------------------------------------------------------------------------

bool CoordinatorCore::MayTakeCheckpoint() const {
  const bool goes_on = phase_ == JobPhase::kTraining || phase_ == JobPhase::kEvaluating ||
                       phase_ == JobPhase::kServing;
  return goes_on && !state_.plan.checkpoints.directory.empty() && !serverless_since_.has_value();
}

void CoordinatorCore::AdvanceCheckpoint(Micros now, CoordinatorActions* out) {
  if (interrupted_.has_value() && (!state_.taking.has_value() || now >= interrupted_->until)) {
    EndWithLastCheckpoint(now, out);
    return;
  }
  if (!state_.taking.has_value()) {
    if (MayTakeCheckpoint() && now >= checkpoint_due_) BeginCheckpoint(now, out);
    return;
  }
  if (taking_.manifest_asked) return;
  if (now - taking_.heard >= times_.save_timeout) {
    AbandonCheckpoint(Concat("no answer for ", times_.save_timeout / kMicrosPerSecond, " s"), out);
  } else if (now >= taking_.repeat_at) {
    taking_.repeat_at = now + times_.repeat;
    RequestCheckpoint(out);
  }
}

// On which checkpoint the next one may consist of increments; 0: it is time for one of all rows.
uint64_t CoordinatorCore::MaySince() const {
  if (state_.checkpoints.empty()) return 0;
  const CheckpointState& last = state_.checkpoints.back();
  if (last.id == state_.restored) return 0;  // Read, and not written, by those who are there now.
  // If several are kept, not all of them may depend on one file: two bases come first.
  const bool has_other_base =
      std::any_of(state_.checkpoints.begin(), state_.checkpoints.end(),
                  [&](const CheckpointState& each) { return each.base != last.base; });
  if (state_.plan.checkpoints.kept > 1 && !has_other_base) return 0;
  const uint64_t chain = uint64_t{last.increments} + 2;  // Files of each partition, with the next.
  const bool is_long = chain > state_.plan.checkpoints.full_every ||
                       chain * state_.partitions.size() > limits::kInitFilesMax;
  return is_long ? 0 : last.id;
}

// First the progress of all streams, then the snapshots: what is recorded is in every one of them.
void CoordinatorCore::BeginCheckpoint(Micros now, CoordinatorActions* out) {
  checkpoint_due_ = now + CheckpointEvery();
  Decide(CheckpointBegun{state_.checkpoint + 1, true, MaySince()}, out);
  taking_ = {};
  taking_.heard = now;
  taking_.repeat_at = now + times_.repeat;
  RequestCheckpoint(out);
}

void CoordinatorCore::RequestCheckpoint(CoordinatorActions* out) const {
  const CheckpointState& taking = *state_.taking;
  for (uint32_t p = 0; p < state_.partitions.size(); ++p) {
    if (taking_.written.contains(p)) continue;
    const PartitionEntry& entry = state_.partitions[p];
    Send(entry.primary,
         SnapshotRequest{taking.id, p, entry.term, CheckpointPath(taking.id), taking.cut, true,
                         taking.since},
         out);
  }
}

// The message is of this checkpoint, and of the partition's primary.
void CoordinatorCore::OnCheckpointPart(const SnapshotDone& done, Micros now,
                                       CoordinatorActions* out) {
  if (taking_.manifest_asked) return;
  taking_.heard = now;
  if (!done.error.empty()) {
    AbandonCheckpoint(done.error, out);
    return;
  }
  switch (done.stage) {
    case SnapshotDone::Stage::kScanned:
      taking_.scanned.insert(done.partition);
      taking_.version = std::max(taking_.version, done.version);
      MaybeCut(now, out);
      return;
    case SnapshotDone::Stage::kPassed:
      cut_ahead_ = std::min(2 * std::max(cut_ahead_, times_.cut_ahead), kCutAheadMost);
      AbandonCheckpoint(Concat("step ", state_.taking->cut, " was over in partition ",
                               done.partition, " before it heard of it; the next one is cut later"),
                        out);
      checkpoint_due_ = now;
      return;
    case SnapshotDone::Stage::kWritten:
      taking_.written[done.partition] = done;
      if (taking_.written.size() == state_.partitions.size()) NameCheckpoint(out);
      return;
    case SnapshotDone::Stage::kNotLoaded:
      return;
  }
}

// bsp: all rows were scanned, what changes meanwhile is little: now the step can be chosen. It is
// of the epoch that is open, since what is recorded with it is.
void CoordinatorCore::MaybeCut(Micros now, CoordinatorActions* out) {
  if (state_.taking->cut != kCutToCome || taking_.scanned.size() < state_.partitions.size()) return;
  StepIndex highest = taking_.version;
  StepIndex limit = 0;
  for (const auto& [id, stream] : state_.streams) {
    if ((id & kEvaluationBit) != 0) continue;
    highest = std::max(highest, stream.progress);
    limit = std::max(limit, stream.limit);
  }
  const StepIndex ahead = std::max<StepIndex>(cut_ahead_, times_.cut_ahead);
  Decide(CheckpointCut{std::min(highest + ahead, limit)}, out);
  taking_.repeat_at = now + times_.repeat;
  RequestCheckpoint(out);
}

// All files are there: a manifest makes them a checkpoint.
void CoordinatorCore::NameCheckpoint(CoordinatorActions* out) {
  taking_.manifest_asked = true;
  Manifest manifest;
  manifest.job = state_.job.name;
  manifest.program = state_.job.program;
  CheckpointState complete = *state_.taking;
  for (const auto& [p, done] : taking_.written) complete.files.push_back(done);
  complete.files = state_.WithFormerFiles(complete.since, std::move(complete.files));
  for (const SnapshotDone& done : complete.files) {
    manifest.files.push_back(
        {done.partition, NameInCheckpoint(complete.id, done), done.bytes, done.crc, done.rows});
    AddDigest(done, &manifest.digest_high, &manifest.digest_low);
  }
  if (manifest.has_increments()) manifest.digest_high = manifest.digest_low = 0;
  ManifestFile file;
  file.checkpoint = complete.id;
  file.directory = CheckpointPath(file.checkpoint);
  file.state = EncodeCheckpoint(StateAsOf(state_, std::move(complete)));
  manifest.state = DescribeCheckpointFile(file.state);
  file.text = FormatManifest(manifest);
  out->manifest = std::move(file);
}

void CoordinatorCore::CheckpointWritten(uint64_t id, const absl::Status& status, Micros now,
                                        CoordinatorActions* out) {
  if (!state_.taking.has_value() || state_.taking->id != id) return;  // Given up meanwhile.
  if (!status.ok()) {
    AbandonCheckpoint(std::string(MessageOf(status)), out);
    return;
  }
  CheckpointCommitted committed;
  for (auto& [p, done] : std::exchange(taking_.written, {})) {
    committed.files.push_back(std::move(done));
  }
  Decide(std::move(committed), out);
  alarm_.clear();
  Prune(out);
  if (interrupted_.has_value()) {
    EndWithLastCheckpoint(now, out);
  } else {
    LetLeaversGo(now, out);
  }
}

// It is there, or was given up, or takes too long.
void CoordinatorCore::EndWithLastCheckpoint(Micros now, CoordinatorActions* out) {
  End(kExitInterrupted, interrupted_->message, now, out);
}

// Silently: what comes next matters more.
void CoordinatorCore::DropCheckpoint(CoordinatorActions* out) {
  if (!state_.taking.has_value()) return;
  Decide(CheckpointAbandoned{state_.taking->id}, out);
  taking_ = {};
  Prune(out);
}

// The training goes on, and so does the last checkpoint; the next attempt comes in its time.
void CoordinatorCore::AbandonCheckpoint(const std::string& why, CoordinatorActions* out) {
  alarm_ = Concat("checkpoint ", state_.taking->id, " was given up: ", why);
  out->warnings.push_back(alarm_);
  DropCheckpoint(out);
}

// Removes what is of no checkpoint that could be restored: old ones, and what is left of others.
void CoordinatorCore::Prune(CoordinatorActions* out) const {
  PrunedCheckpoints prune{state_.plan.checkpoints.directory, {}, state_.checkpoint + 1};
  for (const CheckpointState& kept : state_.checkpoints) {
    prune.kept.insert(kept.id);
    for (const SnapshotDone& file : kept.files) prune.kept.insert(file.checkpoint);
  }
  if (state_.taking.has_value()) prune.kept.insert(state_.taking->id);
  out->prune = std::move(prune);
}

// ---- Going back to one ------------------------------------------------------------------------

// Is there a partition without its primary?
bool CoordinatorCore::NeedsRollback() const {
  return std::any_of(
      state_.partitions.begin(), state_.partitions.end(),
      [&](const PartitionEntry& entry) { return FindMember(entry.primary) == nullptr; });
}

// Why the job cannot go back to a checkpoint; empty: it can.
std::string CoordinatorCore::NoWayBack() const {
  if (state_.plan.checkpoints.directory.empty()) return kWithoutCheckpoint;
  if (state_.checkpoints.empty()) {
    return ": its part of the model is lost, and with it the job, since no checkpoint was complete "
           "yet";
  }
  // Others would wait for its steps.
  const auto& then = state_.checkpoints.back().training.streams;
  const bool has_left = std::any_of(then.begin(), then.end(), [&](const auto& entry) {
    const bool is_client = entry.second.work.kind == StreamWork::Kind::kClient;
    return is_client && !state_.streams.contains(entry.first);
  });
  if (Fixed() && has_left) {
    return ": its part of the model is lost, and a program has left that would have to push again "
           "what it pushed since the last checkpoint";
  }
  return {};
}

// A server that had partitions is gone.
void CoordinatorCore::OnServerLost(const std::string& which, Micros now, CoordinatorActions* out) {
  if (phase_ == JobPhase::kSaving && manifest_asked_) return;  // All of the model is written.
  const std::string no_way = NoWayBack();
  if (!no_way.empty()) {
    End(kExitInternal, Concat(which, no_way), now, out);
    return;
  }
  last_server_lost_ = which;
  serverless_since_ = now;
  out->warnings.push_back(Concat(which, ": the job goes back to checkpoint ",
                                 state_.checkpoints.back().id,
                                 " as soon as there is a server in its place"));
  DropCheckpoint(out);
  MaybeRollBack(now, out);
}

// On as many servers as the job began with, if they come in time; else on those that are left.
void CoordinatorCore::MaybeRollBack(Micros now, CoordinatorActions* out) {
  if (!serverless_since_.has_value() || phase_ >= JobPhase::kFarewell) return;
  if (!NeedsRollback()) {  // It was only silent, and is back.
    serverless_since_.reset();
    OpenClientStreams(out);
    return;
  }
  const size_t servers = ServersThatStay().size();
  const Micros waited = now - *serverless_since_;
  const bool enough = servers >= state_.plan.servers;
  if (enough || (servers > 0 && waited >= times_.replacement_timeout)) {
    RollBack(state_.checkpoints.back().id, now, out);
  } else if (servers == 0 && waited >= times_.worker_timeout) {
    End(kExitNotFormed,
        Concat("no server has been there for ", times_.worker_timeout / kMicrosPerSecond,
               " s; the last one lost: ", last_server_lost_, WhereToResume()),
        now, out);
  }
}

std::string CoordinatorCore::WhereToResume() const {
  if (state_.checkpoints.empty()) return {};
  return Concat("; --resume goes on from checkpoint ", state_.checkpoints.back().id, " in ",
                state_.plan.checkpoints.directory);
}

// All partitions at once, and all streams with them. Nothing of what came after counts any more:
// partitions have new terms, streams new attempts, and who has an older map says nothing.
void CoordinatorCore::RollBack(uint64_t checkpoint, Micros now, CoordinatorActions* out) {
  if (const std::string no_way = NoWayBack(); !no_way.empty()) {  // Since the server was lost.
    const bool is_damage = last_server_lost_.empty();
    End(kExitInternal, Concat(is_damage ? "a damaged checkpoint" : last_server_lost_, no_way), now,
        out);
    return;
  }
  const std::map<StreamId, uint32_t> held = HeldByClients();
  DropCheckpoint(out);
  Decide(RolledBack{checkpoint, PlaceOnServers()}, out);
  out->warnings.push_back(Concat("the job goes on from checkpoint ", checkpoint));
  serverless_since_.reset();
  evaluation_.reset();
  snapshots_.clear();
  goes_on_ = manifest_asked_ = false;
  checkpoint_due_ = now + CheckpointEvery();
  unleased_.clear();
  for (const auto& [id, stream] : state_.streams) unleased_.insert(id);
  GiveBack(held, out);
  OpenClientStreams(out);
  if (phase_ == JobPhase::kForming) return;  // Training has not begun in this life.
  GoOnAsOf(now, out);
  TellMembers(out);
}

// What comes next, by the streams and epochs that there are.
void CoordinatorCore::GoOnAsOf(Micros now, CoordinatorActions* out) {
  if (stop_asked_) {
    BeginSaving(0, pending_message_, now, out);
  } else if (state_.plan.schedule.epochs == 0) {
    phase_ = JobPhase::kServing;
  } else if (state_.epochs_opened == state_.epochs.size()) {
    GoOnOrEnd(now, out);
  } else {
    phase_ = JobPhase::kTraining;
    MaybeEndEpoch(now, out);
    LeaseStreams(out);
  }
}

// A server could not read its partition's file: an older checkpoint has to do.
void CoordinatorCore::OnNotLoaded(const SnapshotDone& done, Micros now, CoordinatorActions* out) {
  if (done.checkpoint != state_.restored) return;  // Word of it has come before.
  out->warnings.push_back(Concat("checkpoint ", done.checkpoint, " is damaged: ", done.error));
  DropCheckpoint(out);
  Decide(CheckpointDamaged{done.checkpoint}, out);
  if (state_.checkpoints.empty()) {
    End(kExitModelDamaged, Concat("no checkpoint can be restored: ", done.error), now, out);
    return;
  }
  RollBack(state_.checkpoints.back().id, now, out);
}

}  // namespace cairn
