#include "sim/sim_coordinator.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/manifest.h"

namespace cairn::sim {
namespace {

constexpr Micros kDiskMost = 5 * kMicrosPerMilli;
constexpr uint64_t kSegmentBytes = 32u << 10;  // Several in a life.

}  // namespace

SimCoordinator::SimCoordinator(SimHost* host, uint64_t incarnation, LogWitness* witness)
    : host_(host), incarnation_(incarnation), witness_(witness) {}

// False: the power went.
bool SimCoordinator::OpenLog(std::optional<JobState>* resumed) {
  host_->MayLosePower();
  absl::StatusOr<FileJobLog::Opened> opened =
      FileJobLog::Open({host_->files(), kJobDirectory, kSegmentBytes});
  if (absl::IsUnavailable(opened.status())) return false;
  if (!opened.ok()) {
    host_->checkers()->Report("log", std::string(MessageOf(opened.status())));
    host_->Die();
    return false;
  }
  if (!opened->notes.empty()) host_->probes()->Hit(Probe::kLogMended);
  log_ = std::move(opened->log);
  WitnessLog(log_->state());
  if (log_->state().job_id != 0) *resumed = log_->state();
  return true;
}

// As the shell does it: what a former cluster has left is gone on with.
OpenedDirectories SimCoordinator::OpenDirectories() {
  OpenedDirectories opened;
  const CheckpointPlan& plan = host_->scenario().plan.checkpoints;
  if (!plan.resume) return opened;
  absl::StatusOr<FoundCheckpoints> found = FindCheckpoints(host_->files(), plan.directory);
  if (!found.ok() || found->newest.empty()) {
    host_->checkers()->Report(
        "resume", found.ok() ? "there is no checkpoint" : std::string(MessageOf(found.status())));
    return opened;
  }
  opened.checkpoint = found->highest;
  opened.restored = std::make_shared<const JobState>(std::move(found->newest.front()));
  return opened;
}

// Nothing that was durable is gone; what was being written is there as a whole or not at all.
void SimCoordinator::WitnessLog(const JobState& state) {
  if (state.index < witness_->durable) {
    host_->checkers()->Report(
        "log", Concat("of ", witness_->durable, " durable records the log has ", state.index));
  }
  if (state.index > witness_->durable) {
    host_->probes()->Hit(Probe::kInDoubt);
    uint64_t index = witness_->in_doubt_first;
    for (const LogRecord& record : witness_->in_doubt) {
      host_->checkers()->OnDecision(record, index++);
    }
    const uint64_t last = witness_->in_doubt_first + witness_->in_doubt.size() - 1;
    if (witness_->in_doubt.empty() || state.index != last) {
      host_->checkers()->Report(
          "log", Concat("the log has ", state.index, " records, but ", last, " were written"));
    }
  }
  witness_->durable = state.index;
  witness_->has_checkpoint = !state.checkpoints.empty();
  witness_->in_doubt.clear();
  witness_->is_flipped = false;
}

void SimCoordinator::Start(Micros now) {
  const Scenario& scenario = host_->scenario();
  std::optional<JobDefinition> given;
  if (!scenario.submitted) given = JobDefinition{scenario.job, scenario.plan};
  std::optional<JobState> resumed;
  if (!OpenLog(&resumed)) return;
  if (resumed.has_value()) host_->probes()->Hit(Probe::kResumed);
  CoordinatorActions actions;
  CoordinatorCore::Options options;
  options.self = {kCoordinatorProcess, incarnation_};
  options.job_id = incarnation_;
  if (given.has_value() && !resumed.has_value()) options.opened = OpenDirectories();
  options.given = std::move(given);
  options.resumed = std::move(resumed);
  options.times = scenario.times;
  core_ = std::make_unique<CoordinatorCore>(std::move(options), now, &actions);
  Perform(std::move(actions));
}

void SimCoordinator::Deliver(const MessagePtr& message, Micros now) {
  CoordinatorActions actions;
  core_->Receive(message, now, &actions);
  Perform(std::move(actions));
}

Micros SimCoordinator::next_wake() const {
  return ended() || core_ == nullptr ? kNever : core_->next_tick();
}

void SimCoordinator::Wake(Micros now) {
  CoordinatorActions actions;
  core_->Tick(now, &actions);
  Perform(std::move(actions));
}

void SimCoordinator::Perform(CoordinatorActions actions) {
  CountProbes(actions);
  if (!host_->scenario().log_first) {
    const LogBatch late = std::exchange(actions.log, {});
    CarryOut(std::move(actions));
    actions = {};
    actions.log = late;
  }
  queue_.Add(std::move(actions));
  Advance();
}

void SimCoordinator::Advance() {
  while (std::optional<CoordinatorActions> ready = queue_.TakeReady()) CarryOut(*std::move(ready));
  all_done_ = core_->finished() && queue_.empty();
  std::vector<LogBatch> batches = queue_.TakeBatches();
  if (batches.empty()) return;
  if (batches.size() > 1) host_->probes()->Hit(Probe::kGroupCommit);
  host_->After(host_->DrawDelay(kDiskMost),
               [this, batches = std::move(batches)](Micros) { Written(batches); });
}

void SimCoordinator::Written(const std::vector<LogBatch>& batches) {
  witness_->in_doubt_first = batches.front().first_index;
  for (const LogBatch& batch : batches) {
    witness_->in_doubt.insert(witness_->in_doubt.end(), batch.records.begin(), batch.records.end());
  }
  host_->MayLosePower();
  const absl::Status durable = log_->Append(batches);
  if (absl::IsUnavailable(durable)) return;  // With the power.
  CAIRN_CHECK(durable.ok(), MessageOf(durable));
  for (const LogRecord& record : std::exchange(witness_->in_doubt, {})) {
    host_->checkers()->OnDecision(record, ++witness_->durable);
    witness_->has_checkpoint = witness_->has_checkpoint ||
                               std::holds_alternative<CheckpointCommitted>(record) ||
                               std::holds_alternative<JobRestored>(record);
  }
  queue_.Written();
  Advance();
}

void SimCoordinator::CarryOut(CoordinatorActions actions) {
  host_->Send(std::move(actions.messages));
  if (actions.open_job.has_value()) {
    host_->After(host_->DrawDelay(kDiskMost), [this](Micros now) {
      CoordinatorActions more;
      core_->JobOpened(OpenDirectories(), now, &more);
      Perform(std::move(more));
    });
  }
  if (actions.prune.has_value()) Prune(*actions.prune);
  if (!actions.manifest.has_value()) return;
  host_->After(host_->DrawDelay(kDiskMost),
               [this, file = *std::move(actions.manifest)](Micros now) { Write(file, now); });
}

void SimCoordinator::Write(const ManifestFile& file, Micros now) {
  FileSystem* const files = host_->files();
  absl::Status written;
  if (!file.state.empty()) {
    written = files->WriteFileAtomically(JoinPath(file.directory, kCheckpointFileName), file.state);
  }
  const auto text = std::as_bytes(std::span(file.text));
  const std::string path = JoinPath(file.directory, kManifestName);
  if (written.ok()) written = files->WriteFileAtomically(path, text);
  CoordinatorActions more;
  core_->ManifestWritten(file.checkpoint, written, now, &more);
  Perform(std::move(more));
}

void SimCoordinator::Prune(const PrunedCheckpoints& prune) {
  const absl::Status pruned =
      PruneCheckpoints(host_->files(), prune.directory, prune.kept, prune.below);
  const bool is_known = pruned.ok() || absl::IsNotFound(pruned);  // There are none yet.
  CAIRN_CHECK(is_known, MessageOf(pruned));
}

void SimCoordinator::CountProbes(const CoordinatorActions& actions) {
  const auto waits =
      std::count_if(actions.messages.begin(), actions.messages.end(),
                    [](const Outgoing& out) { return BodyAs<Wait>(*out.message) != nullptr; });
  host_->probes()->Hit(Probe::kToldToWait, static_cast<uint64_t>(waits));
  const std::vector<LogRecord>& decided = actions.log.records;
  for (const std::string& warning : actions.warnings) {
    if (warning.ends_with("is left out from now on")) host_->probes()->Hit(Probe::kLeftOut);
  }
  const bool left = std::any_of(decided.begin(), decided.end(), [](const LogRecord& record) {
    return std::holds_alternative<MemberLeft>(record);
  });
  for (const LogRecord& record : decided) {
    if (const auto* committed = std::get_if<CheckpointCommitted>(&record)) {
      host_->probes()->Hit(Probe::kCheckpoint);
      const auto increments =
          std::count_if(committed->files.begin(), committed->files.end(),
                        [](const SnapshotDone& file) { return file.since != 0; });
      host_->probes()->Hit(Probe::kIncrement, static_cast<uint64_t>(increments));
    }
    if (std::holds_alternative<StepBlamed>(record)) host_->probes()->Hit(Probe::kBlamed);
    if (std::holds_alternative<CheckpointAbandoned>(record))
      host_->probes()->Hit(Probe::kAbandoned);
    if (std::holds_alternative<RolledBack>(record)) host_->probes()->Hit(Probe::kRolledBack);
    if (std::holds_alternative<CheckpointDamaged>(record)) {
      host_->probes()->Hit(Probe::kDamageFound);
    }
  }
  const JobState& state = core_->state();
  const bool worker = std::any_of(state.members.begin(), state.members.end(),
                                  [](const auto& m) { return m.second.role == Role::kWorker; });
  if (left && !worker && !state.ended) host_->probes()->Hit(Probe::kWorkerless);
}

}  // namespace cairn::sim
