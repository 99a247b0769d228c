#include "coordinator/coordinator_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "coordinator/exit_codes.h"
#include "sharding/placement_map.h"

namespace cairn {
namespace {

constexpr Micros kTickEvery = 50 * kMicrosPerMilli;

}  // namespace

CoordinatorCore::CoordinatorCore(Options options, Micros now, CoordinatorActions* out)
    : self_(options.self),
      job_id_(options.job_id),
      times_(options.times),
      usage_(std::move(options.usage)),
      started_(now),
      next_tick_(now + kTickEvery) {
  CAIRN_CHECK(job_id_ != 0, "0 stands for no job");
  if (options.resumed.has_value()) {
    Resume(*std::move(options.resumed), now, out);
  } else if (options.given.has_value()) {
    CreateJob(*std::move(options.given), std::move(options.opened), now, out);
  }
}

// A new one, or one that goes on from a checkpoint: the same job under another number, and with
// what may have changed of its plan.
void CoordinatorCore::CreateJob(JobDefinition job, OpenedDirectories opened, Micros now,
                                CoordinatorActions* out) {
  phase_ = JobPhase::kForming;
  started_ = now;
  if (opened.restored == nullptr) {
    Decide(
        JobCreated{std::move(job.spec), std::move(job.plan), job_id_, std::move(opened.init_files)},
        out);
    return;
  }
  auto state = std::make_shared<JobState>(*opened.restored);
  state->plan = std::move(job.plan);
  state->job.partitions = job.spec.partitions;
  state->job_id = job_id_;
  state->checkpoint = std::max(state->checkpoint, opened.checkpoint);
  Decide(JobRestored{std::move(state)}, out);
}

void CoordinatorCore::Decide(LogRecord record, CoordinatorActions* out) {
  state_.Apply(record);
  if (out->log.empty()) out->log.first_index = state_.index;
  out->log.records.push_back(std::move(record));
}

void CoordinatorCore::Send(const ProcessId& to, Body body, CoordinatorActions* out) const {
  out->messages.push_back({"", MakeMessage({self_, to, 0, state_.map_index}, std::move(body))});
}

void CoordinatorCore::Receive(const MessagePtr& message, Micros now, CoordinatorActions* out) {
  const Header& header = message->header;
  const bool any_life = header.to.incarnation == 0;
  if (!any_life && header.to != self_) {  // Meant for a former life.
    if (FindMember(header.from) != nullptr) SendWelcome(header.from.process, header.from, now, out);
    return;
  }
  if (const auto* request = BodyAs<StatusRequest>(*message)) {
    Send(header.from, StatusReply{status(now, request->epochs_from)}, out);
    return;
  }
  if (any_life) {
    if (const auto* hello = BodyAs<Hello>(*message)) OnHello(*message, *hello, now, out);
    if (const auto* submit = BodyAs<Submit>(*message)) OnSubmit(*message, *submit, now, out);
    return;
  }
  const auto* beat = BodyAs<Heartbeat>(*message);
  if (FindMember(header.from) == nullptr) {
    // Out of the job already: it may not know yet.
    if (phase_ >= JobPhase::kFarewell) {
      Send(header.from, JobEnd{state_.end.code, state_.end.message}, out);
    } else if (beat != nullptr && beat->leaving) {
      Send(header.from, JobEnd{0, kLetGo}, out);
    }
    return;
  }
  volatile_[header.from.process].heard = now;
  const bool submitter = state_.members.at(header.from.process).role == Role::kSubmitter;
  if (beat != nullptr) {
    OnHeartbeat(*message, *beat, now, out);
  } else if (const auto* progress = BodyAs<Progress>(*message)) {
    OnProgress(*message, *progress, now, out);
  } else if (const auto* alone = BodyAs<StepAlone>(*message)) {
    OnStepAlone(*message, *alone, out);
  } else if (const auto* result = BodyAs<EvaluationResult>(*message)) {
    OnEvaluationResult(*message, *result, now, out);
  } else if (const auto* done = BodyAs<SnapshotDone>(*message)) {
    OnSnapshotDone(*message, *done, now, out);
  } else if (const auto* bye = BodyAs<Goodbye>(*message)) {
    OnGoodbye(*message, *bye, now, out);
  } else if (const auto* stop = BodyAs<StopJob>(*message); stop != nullptr && submitter) {
    Stop(stop->code, stop->message, now, out);
  } else if (const auto* dead = BodyAs<MemberDead>(*message); dead != nullptr && submitter) {
    ProcessDied(*dead, now, out);
  }
  TellMembers(out);
}

// All servers are there: the partitions are placed. All workers too: training begins.
void CoordinatorCore::MaybeForm(Micros now, CoordinatorActions* out) {
  if (phase_ != JobPhase::kForming || serverless_since_.has_value()) return;
  if (state_.partitions.empty() && ServersThatStay().size() >= state_.plan.servers) {
    PlacePartitions(now, out);
    if (stop_when_placed_) {
      BeginSaving(0, pending_message_, now, out);
      return;
    }
  }
  if (!Missing().empty()) return;
  checkpoint_due_ = now;  // The first one is there before there is much to lose.
  if (state_.restored != 0) {
    ResumeTraining(now, out);
    return;
  }
  training_started_ = now;
  if (state_.plan.schedule.epochs == 0) {
    phase_ = JobPhase::kServing;
    return;
  }
  OpenNextEpoch(out);
}

std::vector<ProcessId> CoordinatorCore::ServersThatStay() const {
  std::vector<ProcessId> servers;
  for (const auto& [process, member] : state_.members) {
    const auto known = volatile_.find(process);
    const bool leaves = known != volatile_.end() && known->second.leaving;
    if (member.role == Role::kServer && !leaves) servers.push_back(member.id);
  }
  return servers;
}

// On all servers that stay, in terms that there have not been.
std::vector<PartitionEntry> CoordinatorCore::PlaceOnServers() const {
  const std::vector<ProcessId> servers = ServersThatStay();
  uint64_t term = 0;
  for (const PartitionEntry& entry : state_.partitions) term = std::max(term, entry.term);
  std::vector<PartitionEntry> partitions;
  for (const uint32_t position :
       AssignPartitions(state_.job.partitions, static_cast<uint32_t>(servers.size()))) {
    partitions.push_back({term + 1, servers[position]});
  }
  return partitions;
}

void CoordinatorCore::PlacePartitions(Micros now, CoordinatorActions* out) {
  if (!state_.checkpoints.empty()) {
    RollBack(state_.checkpoints.back().id, now, out);
  } else {
    Decide(MapChanged{PlaceOnServers()}, out);
  }
}

void CoordinatorCore::OnHeartbeat(const Message& message, const Heartbeat& beat, Micros now,
                                  CoordinatorActions* out) {
  Volatile& member = volatile_[message.header.from.process];
  member.usage = beat.usage;
  member.capacity = beat.capacity;
  member.map_index = beat.map_index;
  member.grants_index = beat.grants_index;
  LeaseStreams(out);
  const MemberState from = state_.members.at(message.header.from.process);
  TellMember(from, out);
  if (beat.leaving && from.role == Role::kServer) OnLeaving(from, now, out);
}

// What the member does not know yet, by its last heartbeat.
void CoordinatorCore::TellMember(const MemberState& member, CoordinatorActions* out) {
  if (phase_ >= JobPhase::kFarewell) {
    Send(member.id, JobEnd{state_.end.code, state_.end.message}, out);
    return;
  }
  if (member.role == Role::kSubmitter) return;  // It neither pulls nor pushes.
  const Volatile& known = volatile_[member.id.process];
  if (!state_.partitions.empty() && known.map_index < state_.map_index) {
    Send(member.id, state_.MakeMap(), out);
  }
  const bool runs_streams = member.role == Role::kWorker || member.role == Role::kClient;
  if (runs_streams && known.grants_index < state_.grants_index) {
    Send(member.id, state_.MakeGrants(member.id.process), out);
  }
}

// Whoever is concerned by what has just been decided hears of it at once; heartbeats repair.
void CoordinatorCore::TellMembers(CoordinatorActions* out) {
  if (phase_ >= JobPhase::kFarewell || state_.partitions.empty()) return;
  const bool map = told_map_ < state_.map_index;
  const bool grants = told_grants_ < state_.grants_index;
  if (!map && !grants) return;
  told_map_ = state_.map_index;
  told_grants_ = state_.grants_index;
  for (const auto& [process, member] : state_.members) {
    if (member.role == Role::kSubmitter) continue;
    if (map) Send(member.id, state_.MakeMap(), out);
    const bool runs_streams = member.role == Role::kWorker || member.role == Role::kClient;
    if (grants && runs_streams) Send(member.id, state_.MakeGrants(process), out);
  }
}

// Time in which this process stood still, or its machine did, says nothing about anybody else: what
// they said meanwhile is still to be read. Nobody's patience has run in it.
void CoordinatorCore::ForgiveSilence(Micros now) {
  const Micros late = now - next_tick_;
  if (late < times_.heartbeat) return;
  const auto later = [&](Micros* since) { *since = std::min(now, *since + late); };
  for (auto& [process, known] : volatile_) later(&known.heard);
  if (workerless_since_.has_value()) later(&*workerless_since_);
  if (serverless_since_.has_value()) later(&*serverless_since_);
  later(&started_);
  later(&snapshot_heard_);
  later(&taking_.heard);
}

void CoordinatorCore::Tick(Micros now, CoordinatorActions* out) {
  ForgiveSilence(now);
  next_tick_ = now + kTickEvery;
  if (phase_ == JobPhase::kFinished) return;
  if (phase_ == JobPhase::kFarewell) {
    if (now >= farewell_until_) {
      Finish(out);
    } else if (now >= repeat_at_) {
      repeat_at_ = now + times_.repeat;
      Announce(out);
    }
    return;
  }
  CheckDeadlines(now, out);
  if (phase_ >= JobPhase::kFarewell) return;
  ExpireMembers(now, out);
  if (phase_ >= JobPhase::kFarewell) return;
  MaybeRollBack(now, out);
  CheckWorkers(now, out);
  if (phase_ == JobPhase::kServing && state_.plan.end_with_clients && clients_came_ &&
      CountOf(Role::kClient) == 0) {
    BeginSaving(0, "all clients have left", now, out);
  }
  AdvanceCheckpoint(now, out);
  if (phase_ == JobPhase::kSaving && !manifest_asked_ && now >= repeat_at_) {
    repeat_at_ = now + times_.repeat;
    RequestSnapshots(out);
  }
  TellMembers(out);
}

// No phase waits for ever for somebody to come or to answer.
void CoordinatorCore::CheckDeadlines(Micros now, CoordinatorActions* out) {
  const Micros waited = now - started_;
  if (phase_ == JobPhase::kIdle && waited >= times_.job_timeout) {
    End(kExitNotFormed,
        Concat("no job was submitted within ", times_.job_timeout / kMicrosPerSecond, " s"), now,
        out);
  } else if (phase_ == JobPhase::kForming && waited >= times_.form_timeout) {
    End(kExitNotFormed,
        Concat("the cluster was not formed: waited ", times_.form_timeout / kMicrosPerSecond,
               " s for ", Missing()),
        now, out);
  } else if (phase_ == JobPhase::kSaving && !manifest_asked_ &&
             now - snapshot_heard_ >= times_.save_timeout) {
    End(kExitInternal,
        Concat("the model could not be saved: no answer for ",
               times_.save_timeout / kMicrosPerSecond, " s about ", MissingSnapshots()),
        now, out);
  }
}

// Training stands still while there is nobody to run it; workers that come in time go on.
void CoordinatorCore::CheckWorkers(Micros now, CoordinatorActions* out) {
  const bool needed = phase_ == JobPhase::kTraining || phase_ == JobPhase::kEvaluating;
  if (!needed || CountOf(Role::kWorker) > 0) {
    workerless_since_.reset();
    return;
  }
  if (!workerless_since_.has_value()) workerless_since_ = now;
  if (now - *workerless_since_ < times_.worker_timeout) return;
  End(kExitNotFormed,
      Concat("no worker has been there for ", times_.worker_timeout / kMicrosPerSecond, " s",
             last_lost_.empty() ? "" : "; the last one lost: ", last_lost_),
      now, out);
}

}  // namespace cairn
