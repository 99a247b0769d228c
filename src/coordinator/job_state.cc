#include "coordinator/job_state.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/status.h"

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
                   init_files = r.init_files;
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
                   const StreamId end = r.first + r.works.size();
                   for (size_t i = 0; i < r.works.size(); ++i) {
                     StreamState& stream = streams[r.first + i];
                     stream.work = r.works[i];
                     stream.limit = r.limit;
                     if (stream.work.kind == StreamWork::Kind::kTrain) {
                       epochs_opened = epochs.size() + 1;
                     }
                   }
                   if (IsEvaluation(r.first)) {
                     next_evaluation = end;
                     return;
                   }
                   opened = std::max(opened, end);
                   map_index = index;
                 },
                 [&](const StreamLeased& r) {
                   StreamState& stream = streams.at(r.stream);
                   stream.attempt = r.attempt;
                   stream.worker = r.worker;
                   stream.rows = 0;
                   stream.loss_sum = stream.extra_weight = 0;
                   grants_index = index;
                 },
                 [&](const StreamProgressed& r) {
                   StreamState& stream = streams.at(r.ref.stream);
                   stream.progress = r.step;
                   stream.rows += r.rows;
                   stream.loss_sum += r.loss_sum;
                   stream.extra_weight += r.extra_weight;
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
                   epochs_opened = epochs.size() + 1;
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
                 [&](const CheckpointBegun& r) { checkpoint = r.id; },
                 [&](const ModelKept& r) { kept = r; },
                 [&](const JobEnded& r) {
                   ended = true;
                   end = r;
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

absl::Status CheckRecord(const JobState& state, const LogRecord& record) {
  if (std::holds_alternative<JobEnded>(record)) return {};  // Perhaps before there was one.
  if (std::holds_alternative<JobCreated>(record) != (state.job_id == 0)) {
    return InvalidArgument("record ", state.index + 1,
                           state.job_id == 0 ? " comes before a job" : " makes a second job");
  }
  std::optional<StreamId> stream;
  if (const auto* leased = std::get_if<StreamLeased>(&record)) stream = leased->stream;
  if (const auto* progressed = std::get_if<StreamProgressed>(&record)) {
    stream = progressed->ref.stream;
  }
  if (!stream.has_value() || state.streams.contains(*stream)) return {};
  return InvalidArgument("record ", state.index + 1, " is of stream ", *stream,
                         ", which is not open");
}

}  // namespace cairn
