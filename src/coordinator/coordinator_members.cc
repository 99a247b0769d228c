// The coordinator's part that lets members in and strikes them off, and takes a job from a
// submitter.
#include <algorithm>
#include <iomanip>
#include <utility>

#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/exit_codes.h"
#include "kernels/target.h"
#include "sharding/plan_check.h"
#include "wire/limits.h"
#include "wire/message_type.h"

namespace cairn {
namespace {

// job "flights" (id 00ff12ab34cd56ef)
std::string JobName(const std::string& name, uint64_t id) {
  return Concat("job \"", name, "\" (id ", std::hex, std::setw(16), std::setfill('0'), id, ")");
}

// worker 5 (node-7, pid 4711)
std::string MemberName(const MemberState& member) {
  std::string name = Concat(NameOf(member.role), ' ', member.id.process);
  if (!member.address.empty()) name += Concat(" at ", member.address);
  if (!member.host.empty()) name += Concat(" (", member.host, ", pid ", member.pid, ")");
  return name;
}

absl::Status CheckDefinition(const JobDefinition& job) {
  CAIRN_RETURN_IF_ERROR(CheckJob(job.spec));
  return CheckPlan(job);
}

}  // namespace

const MemberState* CoordinatorCore::FindMember(const ProcessId& id) const {
  const auto found = state_.members.find(id.process);
  return found == state_.members.end() || found->second.id != id ? nullptr : &found->second;
}

const MemberState* CoordinatorCore::FindLife(uint64_t incarnation) const {
  const auto found =
      std::find_if(state_.members.begin(), state_.members.end(),
                   [&](const auto& entry) { return entry.second.id.incarnation == incarnation; });
  return found == state_.members.end() ? nullptr : &found->second;
}

uint32_t CoordinatorCore::CountOf(Role role) const {
  return static_cast<uint32_t>(
      std::count_if(state_.members.begin(), state_.members.end(),
                    [&](const auto& entry) { return entry.second.role == role; }));
}

// ---- Coming ---------------------------------------------------------------------------------

// For whoever belongs to another job than this coordinator's, or comes when its own is over.
std::optional<JobEnd> CoordinatorCore::EndedRefusal(const Hello& hello) const {
  if (hello.job_id != 0 && hello.job_id != state_.job_id) {
    const std::string own = state_.job_id == 0
                                ? std::string("waits for a job")
                                : Concat("runs ", JobName(state_.job.name, state_.job_id));
    return JobEnd{kExitNotFormed,
                  Concat("the coordinator here ", own, ", but this process is of ",
                         JobName(hello.job_name, hello.job_id), ", whose coordinator is gone")};
  }
  if (phase_ < JobPhase::kFarewell) return std::nullopt;
  if (hello.job_id != 0) return JobEnd{state_.end.code, state_.end.message};
  return JobEnd{kExitNotFormed, Concat("this job has ended: ", state_.end.message)};
}

std::optional<JobEnd> CoordinatorCore::RefusalOf(const Hello& hello) const {
  if (auto ended = EndedRefusal(hello); ended.has_value()) return ended;
  if (phase_ == JobPhase::kIdle) return std::nullopt;
  if (!hello.job_name.empty() && hello.job_name != state_.job.name) {
    return JobEnd{kExitUsage, Concat("the coordinator here runs job \"", state_.job.name,
                                     "\", not job \"", hello.job_name, "\"")};
  }
  if (Fixed() && hello.role != Role::kReader && hello.kernel_target != kKernelTarget) {
    return JobEnd{kExitUsage, Concat("this job's arithmetic is pinned to ", kKernelTarget,
                                     ", this process has ", hello.kernel_target)};
  }
  const bool has_spares = !state_.plan.checkpoints.directory.empty() && hello.job_id == 0;
  if (IsOneTooMany(hello) && !has_spares) {
    return JobEnd{kExitNotFormed,
                  Concat("the job runs with its ", state_.plan.servers, " servers already")};
  }
  return std::nullopt;
}

// A server of which the job has no need, as far as is known.
bool CoordinatorCore::IsOneTooMany(const Hello& hello) const {
  if (hello.role != Role::kServer || phase_ == JobPhase::kForming) return false;
  return state_.plan.checkpoints.directory.empty() ||
         ServersThatStay().size() >= state_.plan.servers;
}

void CoordinatorCore::OnHello(const Message& message, const Hello& hello, Micros now,
                              CoordinatorActions* out) {
  const ProcessId& from = message.header.from;
  // Who was taken for dead and was not comes back under its old number: it knows no other.
  const bool has_number = from.process != kCoordinatorProcess && from.process < state_.next_process;
  const bool comes_back = has_number && !state_.members.contains(from.process);
  if (const MemberState* known = FindLife(from.incarnation); known != nullptr && comes_back) {
    // A late copy of its first hello has brought it another one.
    LoseMember(known->id.process, "goes by another number", now, out);
  } else if (known != nullptr) {
    SendWelcome(known->id.process, from, now, out);
    return;
  }
  if (hello.role == Role::kServer) LoseFormerLife(hello, now, out);
  if (const std::optional<JobEnd> refusal = RefusalOf(hello); refusal.has_value()) {
    // Who has waited for its turn ends as the job does.
    const bool has_waited = told_to_wait_.erase(from.incarnation) > 0 && state_.ended;
    Send(from, has_waited ? JobEnd{state_.end.code, state_.end.message} : *refusal, out);
    if (phase_ == JobPhase::kFarewell) FinishIfAlone(out);
    return;
  }
  // Who has been started in the place of a lost server may come before word of that loss.
  const bool is_idle = phase_ == JobPhase::kIdle;
  if (is_idle || IsOneTooMany(hello)) {
    if (told_to_wait_.size() < limits::kProcessesMax) told_to_wait_.insert(from.incarnation);
    Send(from,
         Wait{is_idle ? "the coordinator waits for a job to be submitted"
                      : "the job has its servers; this one is needed when one of them is lost"},
         out);
    return;
  }
  const ProcessId id{comes_back ? from.process : state_.next_process, from.incarnation};
  AddMember(id, hello, now, out);
  if (hello.role == Role::kClient) OpenClientStreams(out);
  SendWelcome(id.process, from, now, out);
  MaybeRollBack(now, out);
  MaybeForm(now, out);
  TellMembers(out);
}

// Two processes cannot listen at one address: who comes from that of a server is in its place.
void CoordinatorCore::LoseFormerLife(const Hello& hello, Micros now, CoordinatorActions* out) {
  const auto former =
      std::find_if(state_.members.begin(), state_.members.end(), [&](const auto& entry) {
        return entry.second.role == Role::kServer && entry.second.address == hello.address;
      });
  if (former == state_.members.end() || hello.address.empty()) return;
  if (hello.job_id != 0 && hello.job_id != state_.job_id) return;  // Of another job: refused.
  LoseMember(former->first, "was started anew", now, out);
}

void CoordinatorCore::AddMember(const ProcessId& id, const Hello& hello, Micros now,
                                CoordinatorActions* out) {
  told_to_wait_.erase(id.incarnation);
  Decide(MemberJoined{id, hello.role, hello.address, hello.host, hello.pid}, out);
  volatile_[id.process].heard = now;
}

// Goes to the name under which the process has just spoken: for any other one the transport may
// know a way that is gone. A server that asks because it hears nothing would end itself.
void CoordinatorCore::SendWelcome(uint32_t process, const ProcessId& to, Micros now,
                                  CoordinatorActions* out) {
  volatile_[process].heard = now;
  Send(to,
       Welcome{process, state_.job, static_cast<uint32_t>(times_.heartbeat / 1000),
               state_.init_files, state_.job_id},
       out);
}

// ---- A job is submitted -----------------------------------------------------------------------

std::optional<JobEnd> CoordinatorCore::RefusalOf(const Submit& submit) const {
  if (auto ended = EndedRefusal(submit.hello); ended.has_value()) return ended;
  if (phase_ != JobPhase::kIdle || opening_.has_value()) {
    const JobSpec& job = opening_.has_value() ? opening_->submit.job.spec : state_.job;
    return JobEnd{kExitUsage,
                  Concat("this coordinator runs job \"", job.name,
                         "\" already: start another one for job \"", submit.job.spec.name, "\"")};
  }
  const absl::Status legal = CheckDefinition(submit.job);
  if (!legal.ok()) return JobEnd{kExitUsage, Concat("job ", MessageOf(legal))};
  return std::nullopt;
}

void CoordinatorCore::OnSubmit(const Message& message, const Submit& submit, Micros now,
                               CoordinatorActions* out) {
  const ProcessId& from = message.header.from;
  if (const MemberState* known = FindLife(from.incarnation); known != nullptr) {
    SendWelcome(known->id.process, from, now, out);
    return;
  }
  if (opening_.has_value() && opening_->submitter == from) return;  // Repeated, meanwhile.
  if (const std::optional<JobEnd> refusal = RefusalOf(submit); refusal.has_value()) {
    Send(from, *refusal, out);
    return;
  }
  opening_ = Opening{from, submit};
  const JobPlan& plan = submit.job.plan;
  out->open_job = JobDirectories{submit.job.spec.init_dir, plan.save_dir, plan.checkpoints};
}

void CoordinatorCore::JobOpened(absl::StatusOr<OpenedDirectories> opened, Micros now,
                                CoordinatorActions* out) {
  if (phase_ != JobPhase::kIdle || !opening_.has_value()) return;  // Stopped in between.
  Opening opening = *std::exchange(opening_, std::nullopt);
  absl::Status status = opened.status();
  if (opened.ok() && opened->restored != nullptr) {
    status = CheckSameJob(*opened->restored, opening.submit.job);
  }
  if (!status.ok()) {
    Send(opening.submitter, JobEnd{CodeOf(status), std::string(MessageOf(status))}, out);
    return;
  }
  CreateJob(std::move(opening.submit.job), *std::move(opened), now, out);
  const ProcessId id{state_.next_process, opening.submitter.incarnation};
  AddMember(id, opening.submit.hello, now, out);
  SendWelcome(id.process, opening.submitter, now, out);
}

// ---- Leaving ----------------------------------------------------------------------------------

void CoordinatorCore::OnGoodbye(const Message& message, const Goodbye& bye, Micros now,
                                CoordinatorActions* out) {
  const uint32_t process = message.header.from.process;
  const MemberState member = state_.members.at(process);
  volatile_[process].usage = bye.usage;
  if (bye.code == 0 && member.role == Role::kServer && phase_ < JobPhase::kFarewell) {
    LoseMember(process, "left before the job was over", now, out);
    return;
  }
  RemoveMember(process, out);
  if (phase_ >= JobPhase::kFarewell) {
    // Who left with an error goes on saying so until it hears of the end.
    if (bye.code != 0) Send(message.header.from, JobEnd{state_.end.code, state_.end.message}, out);
    FinishIfAlone(out);
    return;
  }
  if (bye.code != 0) {
    End(bye.code, bye.message, now, out);
    Send(message.header.from, JobEnd{state_.end.code, state_.end.message}, out);
  } else {
    LeaseStreams(out);
  }
}

// A server that was told to leave is let go when it is missed least: when there is a checkpoint
// that was taken for it, or at once if the job has none of its own to lose.
void CoordinatorCore::OnLeaving(const MemberState& server, Micros now, CoordinatorActions* out) {
  if (phase_ >= JobPhase::kSaving) return;  // It hears of the end.
  const bool serves =
      std::any_of(state_.partitions.begin(), state_.partitions.end(),
                  [&](const PartitionEntry& entry) { return entry.primary == server.id; });
  if (!serves || !MayTakeCheckpoint()) {
    LetGo(server.id, now, out);
    return;
  }
  bool& leaving = volatile_[server.id.process].leaving;
  if (std::exchange(leaving, true)) return;
  if (!state_.taking.has_value()) checkpoint_due_ = now;  // Else that one will do.
  AdvanceCheckpoint(now, out);
}

void CoordinatorCore::LetGo(const ProcessId& server, Micros now, CoordinatorActions* out) {
  Send(server, JobEnd{0, kLetGo}, out);
  LoseMember(server.process, "was told to leave before the job was over", now, out);
}

void CoordinatorCore::LetLeaversGo(Micros now, CoordinatorActions* out) {
  std::vector<ProcessId> leavers;
  for (const auto& [process, known] : volatile_) {
    if (known.leaving) leavers.push_back(state_.members.at(process).id);
  }
  for (const ProcessId& leaver : leavers) {
    if (phase_ < JobPhase::kFarewell) LetGo(leaver, now, out);
  }
}

void CoordinatorCore::RemoveMember(uint32_t process, CoordinatorActions* out) {
  const Role role = state_.members.at(process).role;
  Decide(MemberLeft{process}, out);
  const ProcessUsage& usage = volatile_[process].usage;
  bytes_sent_ += usage.bytes_sent;
  bytes_received_ += usage.bytes_received;
  frames_refused_ += usage.frames_refused;
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

// A member is gone without a word. `how`: "has been silent for 20 s".
void CoordinatorCore::LoseMember(uint32_t process, const std::string& how, Micros now,
                                 CoordinatorActions* out) {
  const MemberState member = state_.members.at(process);
  const bool was_whole = !NeedsRollback();
  if (member.role == Role::kWorker) SuspectWorkOf(process, out);
  RemoveMember(process, out);
  if (phase_ >= JobPhase::kFarewell) {
    FinishIfAlone(out);
  } else if (member.role == Role::kServer) {
    const bool had_partitions = NeedsRollback() && was_whole;
    if (had_partitions) OnServerLost(Concat(MemberName(member), ' ', how), now, out);
  } else if (member.role == Role::kSubmitter) {
    End(kExitInternal, Concat(MemberName(member), ' ', how, ": nobody wants this job any more"),
        now, out);
  } else if (member.role == Role::kWorker) {
    ++workers_lost_;
    last_lost_ = Concat(MemberName(member), ' ', how);
    if (TooMuchLeftOut()) {
      End(kExitInternal,
          Concat(last_lost_, LeftOut(), ": too many; look into the data, or the model"), now, out);
    } else {
      MaybeEndEvaluation(now, out);  // What it has died of may have been all that was missing.
    }
  }
}

void CoordinatorCore::ProcessDied(const MemberDead& dead, Micros now, CoordinatorActions* out) {
  std::vector<uint32_t> lost;
  for (const auto& [process, member] : state_.members) {
    const bool same = member.host == dead.host && member.pid == dead.pid;
    if (same && member.role != Role::kSubmitter) lost.push_back(process);  // That one reports it.
  }
  for (const uint32_t process : lost) LoseMember(process, dead.text, now, out);
  if (!lost.empty()) LeaseStreams(out);
}

void CoordinatorCore::ExpireMembers(Micros now, CoordinatorActions* out) {
  const auto lease_of = [&](Role role) {
    if (role == Role::kServer) return times_.server_lease;
    return role == Role::kSubmitter ? times_.submitter_lease : times_.worker_lease;
  };
  std::vector<uint32_t> silent;
  for (const auto& [process, member] : state_.members) {
    if (now - volatile_[process].heard > lease_of(member.role)) silent.push_back(process);
  }
  for (const uint32_t process : silent) {
    const Micros lease = lease_of(state_.members.at(process).role);
    LoseMember(process, Concat("has been silent for ", lease / kMicrosPerSecond, " s"), now, out);
    if (phase_ >= JobPhase::kFarewell) return;
  }
  if (!silent.empty()) LeaseStreams(out);
}

}  // namespace cairn
