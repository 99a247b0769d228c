#include "coordinator/job_state.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace cairn {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

bool IsEvaluation(StreamId stream) { return (stream & kEvaluationBit) != 0; }

void Close(JobState* state, StreamId stream) {
  state->streams.erase(stream);
  state->grants_index = state->index;
  if (IsEvaluation(stream) || state->job.mode.consistency == Consistency::kAsp) return;
  state->closed.insert(std::upper_bound(state->closed.begin(), state->closed.end(), stream),
                       stream);
  state->map_index = state->index;
}

}  // namespace

void JobState::Apply(const LogRecord& record) {
  ++index;
  std::visit(Overloaded{
                 [&](const JobCreated& r) {
                   job = r.job;
                   plan = r.plan;
                   job_id = r.id;
                 },
                 [&](const MemberJoined& r) {
                   members[r.id.process] = {r.id, r.role, r.address, r.host, r.pid};
                   next_process = std::max(next_process, r.id.process + 1);
                   if (r.role == Role::kServer) map_index = index;
                 },
                 [&](const MemberLeft& r) { members.erase(r.process); },
                 [&](const MapChanged& r) {
                   partitions = r.partitions;
                   map_index = index;
                 },
                 [&](const StreamsOpened& r) {
                   for (size_t i = 0; i < r.works.size(); ++i) {
                     streams[r.first + i] = {r.works[i], 0, 0, r.limit, 0};
                   }
                   if (IsEvaluation(r.first)) return;
                   opened = std::max(opened, r.first + r.works.size());
                   map_index = index;
                 },
                 [&](const StreamLeased& r) {
                   StreamState& stream = streams.at(r.stream);
                   stream.attempt = r.attempt;
                   stream.worker = r.worker;
                   grants_index = index;
                 },
                 [&](const StreamProgressed& r) {
                   streams.at(r.ref.stream).progress = r.step;
                   epoch_rows += r.rows;
                   epoch_loss_sum += r.loss_sum;
                   epoch_extra_weight += r.extra_weight;
                   rows_total += r.rows;
                 },
                 [&](const StreamClosed& r) { Close(this, r.stream); },
                 [&](const LimitRaised& r) {
                   for (auto& [id, stream] : streams) {
                     if (stream.work.kind == StreamWork::Kind::kTrain) stream.limit = r.limit;
                   }
                   grants_index = index;
                 },
                 [&](const FloorRaised& r) {
                   floor = r.floor;
                   std::erase_if(closed, [&](StreamId stream) { return stream < floor; });
                   map_index = index;
                 },
                 [&](const EpochEnded& r) {
                   epochs.push_back(r.record);
                   epoch_rows = 0;
                   epoch_loss_sum = 0;
                   epoch_extra_weight = 0;
                 },
                 [&](const JobEnded& r) {
                   ended = true;
                   end_code = r.code;
                   end_message = r.message;
                 },
             },
             record);
}

double JobState::EpochLoss() const {
  const double weight = static_cast<double>(epoch_rows) + epoch_extra_weight;
  return weight > 0 ? epoch_loss_sum / weight : std::nan("");
}

MapUpdate JobState::MakeMap() const {
  MapUpdate map;
  map.index = map_index;
  map.floor = floor;
  map.opened = opened;
  map.closed = closed;
  map.partitions = partitions;
  for (const auto& [process, member] : members) {
    if (member.role == Role::kServer) map.servers.push_back({member.id, member.address});
  }
  return map;
}

Grants JobState::MakeGrants(uint32_t worker) const {
  Grants grants;
  grants.index = grants_index;
  for (const auto& [id, stream] : streams) {
    if (stream.worker != worker) continue;
    grants.grants.push_back({{id, stream.attempt}, stream.progress, stream.limit, stream.work});
  }
  return grants;
}

absl::Status MemoryJobLog::Append(uint64_t index, const LogRecord& record) {
  CAIRN_CHECK(index == records_.size() + 1, "the job log has a hole");
  records_.push_back(record);
  return {};
}

}  // namespace cairn
