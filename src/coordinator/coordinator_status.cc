// The coordinator's part that tells people and programs where the job is.
#include <algorithm>

#include "base/status.h"
#include "coordinator/coordinator_core.h"
#include "sharding/schedule.h"
#include "wire/limits.h"

namespace cairn {

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

// "partition 3 of server 2 at tcp://10.0.0.1:4100, and 7 more partitions"
std::string CoordinatorCore::MissingSnapshots() const {
  if (manifest_asked_) return {};
  std::string first;
  size_t missing = 0;
  for (uint32_t p = 0; p < state_.partitions.size(); ++p) {
    if (snapshots_.contains(p) || ++missing > 1) continue;
    const MemberState* server = FindMember(state_.partitions[p].primary);
    first = Concat("partition ", p, " of server ", state_.partitions[p].primary.process,
                   server == nullptr ? "" : " at ", server == nullptr ? "" : server->address);
  }
  if (missing <= 1) return first;
  return Concat(first, ", and ", missing - 1, " more partition", missing == 2 ? "" : "s");
}

std::string CoordinatorCore::WaitingFor(Micros now) const {
  const auto since = [&](Micros then) {
    return Concat(" for ", (now - then) / kMicrosPerSecond, " s");
  };
  if (serverless_since_.has_value()) {
    return Concat("a server in the place of ", last_server_lost_, since(*serverless_since_));
  }
  switch (phase_) {
    case JobPhase::kIdle:
      return "a job" + since(started_);
    case JobPhase::kForming:
      return Missing() + since(started_);
    case JobPhase::kTraining:
    case JobPhase::kEvaluating:
      if (!workerless_since_.has_value()) return {};
      return "a worker" + since(*workerless_since_);
    case JobPhase::kSaving:
      return MissingSnapshots();
    case JobPhase::kServing:
    case JobPhase::kFarewell:
    case JobPhase::kFinished:
      return {};
  }
  return {};
}

std::vector<MemberStatus> CoordinatorCore::ListMembers(Micros now) const {
  std::map<uint32_t, uint32_t> streams;
  for (const auto& [id, stream] : state_.streams) ++streams[stream.worker];
  std::vector<MemberStatus> list;
  for (const auto& [process, member] : state_.members) {
    if (list.size() == limits::kStatusMembersMax) break;
    const Volatile& known = volatile_.at(process);
    const Micros silent_ms =
        std::clamp<Micros>((now - known.heard) / kMicrosPerMilli, 0, INT32_MAX);
    list.push_back({process, member.role, member.address, member.host, member.pid,
                    static_cast<uint32_t>(silent_ms), streams[process], known.usage});
  }
  return list;
}

JobStatus CoordinatorCore::status(Micros now, uint64_t epochs_from) const {
  JobStatus status;
  status.job = state_.job_id == 0 ? "" : state_.job.name;
  status.job_id = state_.job_id;
  status.phase = phase_;
  status.waiting_for = WaitingFor(now);
  status.mode = state_.job.mode;
  status.epoch = state_.epochs.size();
  status.epochs = state_.plan.schedule.epochs;
  status.batches = BatchesOfEpoch(state_.plan.schedule, status.epoch);
  uint64_t left = 0;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.work.kind != StreamWork::Kind::kTrain) continue;
    left += (Fixed() ? stream.limit : stream.work.last) - stream.progress;
  }
  status.batches_done = status.batches - std::min(status.batches, left);
  status.rows = state_.epoch_rows;
  if (status.rows > 0) status.loss_sum = state_.EpochLoss() * static_cast<double>(status.rows);
  status.epochs_done = state_.epochs.size();
  const uint64_t from = std::min<uint64_t>(epochs_from, status.epochs_done);
  const uint64_t listed = std::min<uint64_t>(status.epochs_done - from, limits::kStatusEpochsMax);
  const auto first = state_.epochs.begin() + static_cast<ptrdiff_t>(from);
  status.epochs_listed.assign(first, first + static_cast<ptrdiff_t>(listed));
  status.member_count = static_cast<uint32_t>(state_.members.size());
  status.members = ListMembers(now);
  status.workers_lost = workers_lost_;
  if (!state_.checkpoints.empty()) status.checkpoint = state_.checkpoints.back().id;
  status.rollbacks = state_.rollbacks;
  status.alarm = alarm_;
  status.bytes_sent = bytes_sent_;
  status.bytes_received = bytes_received_;
  status.frames_refused = frames_refused_ + (usage_ ? usage_().frames_refused : 0);
  for (const auto& [process, known] : volatile_) {
    status.bytes_sent += known.usage.bytes_sent;
    status.bytes_received += known.usage.bytes_received;
    status.frames_refused += known.usage.frames_refused;
  }
  status.code = state_.end.code;
  status.message = state_.end.message;
  status.rows_trained = state_.rows_total;
  status.features = result_.features;
  status.digest_high = result_.digest_high;
  status.digest_low = result_.digest_low;
  status.train_seconds = result_.train_seconds;
  return status;
}

}  // namespace cairn
