#include "coordinator/coordinator_core.h"

#include <algorithm>

#include "base/status.h"
#include "coordinator/exit_codes.h"
#include "kernels/target.h"
#include "sharding/placement_map.h"

namespace cairn {
namespace {

constexpr Micros kTickEvery = 50 * kMicrosPerMilli;

}  // namespace

CoordinatorCore::CoordinatorCore(Options options, Micros now, CoordinatorActions* out)
    : self_(options.self),
      times_(options.times),
      init_files_(std::move(options.init_files)),
      started_(now),
      next_tick_(now + kTickEvery) {
  Decide(JobCreated{std::move(options.job), std::move(options.plan)}, out);
}

void CoordinatorCore::Decide(LogRecord record, CoordinatorActions* out) {
  state_.Apply(record);
  out->log.emplace_back(state_.index, std::move(record));
}

void CoordinatorCore::Send(const ProcessId& to, Body body, CoordinatorActions* out) const {
  out->messages.push_back({"", MakeMessage({self_, to, 0, state_.map_index}, std::move(body))});
}

void CoordinatorCore::Receive(const MessagePtr& message, Micros now, CoordinatorActions* out) {
  const Header& header = message->header;
  const bool any_life = header.to.incarnation == 0;
  if (const auto* hello = BodyAs<Hello>(*message); hello != nullptr && any_life) {
    OnHello(*message, *hello, now, out);
    return;
  }
  if (header.to != self_) return;  // Meant for a former life.
  if (FindMember(header.from) == nullptr) {
    // Out of the job already: it may not know yet.
    if (phase_ >= Phase::kFarewell) {
      Send(header.from, JobEnd{state_.end_code, state_.end_message}, out);
    }
    return;
  }
  volatile_[header.from.process].heard = now;
  if (const auto* beat = BodyAs<Heartbeat>(*message)) {
    OnHeartbeat(*message, *beat, now, out);
  } else if (const auto* progress = BodyAs<Progress>(*message)) {
    OnProgress(*message, *progress, now, out);
  } else if (const auto* result = BodyAs<EvaluationResult>(*message)) {
    OnEvaluationResult(*message, *result, now, out);
  } else if (const auto* done = BodyAs<SnapshotDone>(*message)) {
    OnSnapshotDone(*message, *done, now, out);
  } else if (const auto* bye = BodyAs<Goodbye>(*message)) {
    OnGoodbye(*message, *bye, now, out);
  }
  TellMembers(out);
}

// ---- Members --------------------------------------------------------------------------------

const MemberState* CoordinatorCore::FindMember(const ProcessId& id) const {
  const auto found = state_.members.find(id.process);
  return found == state_.members.end() || found->second.id != id ? nullptr : &found->second;
}

uint32_t CoordinatorCore::CountOf(Role role) const {
  return static_cast<uint32_t>(
      std::count_if(state_.members.begin(), state_.members.end(),
                    [&](const auto& entry) { return entry.second.role == role; }));
}

void CoordinatorCore::OnHello(const Message& message, const Hello& hello, Micros now,
                              CoordinatorActions* out) {
  const uint64_t incarnation = message.header.from.incarnation;
  const auto known =
      std::find_if(state_.members.begin(), state_.members.end(),
                   [&](const auto& entry) { return entry.second.id.incarnation == incarnation; });
  ProcessId id{state_.next_process, incarnation};
  // Who was taken for dead and was not comes back under its old number: it knows no other.
  const uint32_t former = message.header.from.process;
  const bool came_back = former != kCoordinatorProcess && former < state_.next_process;
  if (came_back && !state_.members.contains(former)) id.process = former;
  if (known != state_.members.end()) {
    id = known->second.id;
  } else if (phase_ >= Phase::kFarewell && came_back) {
    Send(message.header.from, JobEnd{state_.end_code, state_.end_message}, out);
    return;
  } else if (phase_ >= Phase::kFarewell) {
    Send(message.header.from,
         JobEnd{kExitNotFormed, Concat("this job has ended: ", state_.end_message)}, out);
    return;
  } else if (Fixed() && hello.role != Role::kReader && hello.kernel_target != kKernelTarget) {
    Send(message.header.from,
         JobEnd{kExitUsage, Concat("this job's arithmetic is pinned to ", kKernelTarget,
                                   ", this process has ", hello.kernel_target)},
         out);
    return;
  } else if (hello.role == Role::kServer && phase_ != Phase::kForming) {
    Send(message.header.from,
         JobEnd{kExitNotFormed,
                Concat("the job runs with its ", state_.plan.servers, " servers already")},
         out);
    return;
  } else {
    Decide(MemberJoined{id, hello.role, hello.address}, out);
    if (hello.role == Role::kClient) OpenClientStream(state_.members.at(id.process), out);
  }
  volatile_[id.process].heard = now;
  // The welcome travels under the name by which the process is known to the transport so far.
  Send({kUnassignedProcess, incarnation},
       Welcome{id.process, state_.job, static_cast<uint32_t>(times_.heartbeat / 1000), init_files_},
       out);
  MaybeForm(now, out);
  TellMembers(out);
}

std::string CoordinatorCore::Missing() const {
  const JobPlan& plan = state_.plan;
  const uint32_t servers = CountOf(Role::kServer);
  const uint32_t workers = CountOf(plan.schedule.epochs > 0 ? Role::kWorker : Role::kClient);
  if (servers < plan.servers) {
    return Concat(plan.servers - servers, " of ", plan.servers,
                  plan.servers == 1 ? " server" : " servers");
  }
  if (plan.schedule.epochs > 0 && workers < plan.workers) {
    return Concat(plan.workers - workers, " of ", plan.workers,
                  plan.workers == 1 ? " worker" : " workers");
  }
  return {};
}

// All servers are there: the partitions are placed. All workers too: training begins.
void CoordinatorCore::MaybeForm(Micros now, CoordinatorActions* out) {
  if (phase_ != Phase::kForming) return;
  if (state_.partitions.empty() && CountOf(Role::kServer) >= state_.plan.servers) {
    std::vector<ProcessId> servers;
    for (const auto& [process, member] : state_.members) {
      if (member.role == Role::kServer) servers.push_back(member.id);
    }
    MapChanged map;
    for (const uint32_t position :
         AssignPartitions(state_.job.partitions, static_cast<uint32_t>(servers.size()))) {
      map.partitions.push_back({1, servers[position]});
    }
    Decide(std::move(map), out);
    if (stop_when_placed_) {
      BeginSaving(0, pending_message_, now, out);
      return;
    }
  }
  if (!Missing().empty()) return;
  training_started_ = now;
  if (state_.plan.schedule.epochs == 0) {
    phase_ = Phase::kServing;
    return;
  }
  phase_ = Phase::kTraining;
  OpenEpoch(out);
  LeaseStreams(out);
}

void CoordinatorCore::OnHeartbeat(const Message& message, const Heartbeat& beat, Micros,
                                  CoordinatorActions* out) {
  Volatile& member = volatile_[message.header.from.process];
  member.capacity = beat.capacity;
  member.map_index = beat.map_index;
  member.grants_index = beat.grants_index;
  LeaseStreams(out);
  TellMember(state_.members.at(message.header.from.process), out);
}

// What the member does not know yet, by its last heartbeat.
void CoordinatorCore::TellMember(const MemberState& member, CoordinatorActions* out) {
  if (phase_ >= Phase::kFarewell) {
    Send(member.id, JobEnd{state_.end_code, state_.end_message}, out);
    return;
  }
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
  if (phase_ >= Phase::kFarewell || state_.partitions.empty()) return;
  const bool map = told_map_ < state_.map_index;
  const bool grants = told_grants_ < state_.grants_index;
  if (!map && !grants) return;
  told_map_ = state_.map_index;
  told_grants_ = state_.grants_index;
  for (const auto& [process, member] : state_.members) {
    if (map) Send(member.id, state_.MakeMap(), out);
    const bool runs_streams = member.role == Role::kWorker || member.role == Role::kClient;
    if (grants && runs_streams) Send(member.id, state_.MakeGrants(process), out);
  }
}

void CoordinatorCore::OnGoodbye(const Message& message, const Goodbye& bye, Micros now,
                                CoordinatorActions* out) {
  const uint32_t process = message.header.from.process;
  const Role role = state_.members.at(process).role;
  RemoveMember(process, out);
  if (phase_ >= Phase::kFarewell) {
    if (state_.members.empty()) phase_ = Phase::kFinished;
    return;
  }
  if (bye.code != 0) {
    End(bye.code, bye.message, now, out);
  } else if (role == Role::kServer) {
    End(kExitInternal, Concat("server ", process, " left before the job was over"), now, out);
  } else {
    LeaseStreams(out);
  }
}

void CoordinatorCore::RemoveMember(uint32_t process, CoordinatorActions* out) {
  const Role role = state_.members.at(process).role;
  Decide(MemberLeft{process}, out);
  volatile_.erase(process);
  std::vector<StreamId> held;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.worker == process) held.push_back(id);
  }
  for (const StreamId id : held) {
    if (role == Role::kClient) {
      Decide(StreamClosed{id}, out);  // Nobody else could run it.
    } else {
      Decide(StreamLeased{id, state_.streams.at(id).attempt, 0}, out);
      unleased_.insert(id);
    }
  }
  if (role == Role::kClient && !Fixed()) RaiseFloor(out);
}

void CoordinatorCore::ExpireMembers(Micros now, CoordinatorActions* out) {
  std::vector<uint32_t> silent;
  for (const auto& [process, member] : state_.members) {
    const Micros lease = member.role == Role::kServer ? times_.server_lease : times_.worker_lease;
    if (now - volatile_[process].heard > lease) silent.push_back(process);
  }
  for (const uint32_t process : silent) {
    const MemberState member = state_.members.at(process);
    RemoveMember(process, out);
    if (member.role == Role::kServer && !state_.partitions.empty()) {
      End(kExitInternal,
          Concat("server ", process, " at ", member.address, " has been silent for ",
                 times_.server_lease / kMicrosPerSecond,
                 " s: its part of the model is lost, and with it the job"),
          now, out);
      return;
    }
  }
  if (!silent.empty()) LeaseStreams(out);
}

void CoordinatorCore::Tick(Micros now, CoordinatorActions* out) {
  next_tick_ = now + kTickEvery;
  if (phase_ == Phase::kFinished) return;
  if (phase_ == Phase::kFarewell) {
    if (now >= farewell_until_) {
      phase_ = Phase::kFinished;
    } else if (now >= repeat_at_) {
      repeat_at_ = now + times_.repeat;
      Announce(out);
    }
    return;
  }
  if (phase_ == Phase::kForming && now - started_ >= times_.form_timeout) {
    End(kExitNotFormed,
        Concat("the cluster was not formed: waited ", times_.form_timeout / kMicrosPerSecond,
               " s for ", Missing()),
        now, out);
    return;
  }
  ExpireMembers(now, out);
  if (phase_ == Phase::kServing && state_.plan.end_with_clients && clients_came_ &&
      CountOf(Role::kClient) == 0) {
    BeginSaving(0, "all clients have left", now, out);
  }
  if (phase_ == Phase::kSaving && now >= repeat_at_) {
    repeat_at_ = now + times_.repeat;
    RequestSnapshots(out);
  }
  TellMembers(out);
}

}  // namespace cairn
