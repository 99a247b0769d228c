#include "coordinator/job_state.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/status.h"

namespace cairn {
namespace {

bool IsEvaluation(StreamId stream) { return (stream & kEvaluationBit) != 0; }

void Close(JobState* state, StreamId stream) {
  state->streams.erase(stream);
  state->grants_index = state->index;
  if (IsEvaluation(stream) || state->job.mode.consistency == Consistency::kAsp) return;
  state->closed.insert(std::upper_bound(state->closed.begin(), state->closed.end(), stream),
                       stream);
  state->map_index = state->index;
}

// What each record changes; the index has risen already.
struct Fold {
  JobState& state;

  void operator()(const JobCreated& r) const {
    state.job = r.job;
    state.plan = r.plan;
    state.job_id = r.id;
    state.init_files = r.init_files;
  }
  void operator()(const MemberJoined& r) const {
    state.members[r.id.process] = {r.id, r.role, r.address, r.host, r.pid};
    state.next_process = std::max(state.next_process, r.id.process + 1);
    if (r.role == Role::kServer) state.map_index = state.index;
  }
  void operator()(const MemberLeft& r) const { state.members.erase(r.process); }
  void operator()(const MapChanged& r) const {
    state.partitions = r.partitions;
    state.map_index = state.index;
  }
  void operator()(const StreamsOpened& r) const {
    const StreamId end = r.first + r.works.size();
    for (size_t i = 0; i < r.works.size(); ++i) {
      StreamState& stream = state.streams[r.first + i];
      stream.work = r.works[i];
      stream.limit = r.limit;
      if (stream.work.kind == StreamWork::Kind::kTrain) {
        state.epochs_opened = state.epochs.size() + 1;
      }
    }
    if (IsEvaluation(r.first)) {
      state.next_evaluation = end;
      return;
    }
    state.opened = std::max(state.opened, end);
    state.map_index = state.index;
  }
  void operator()(const StreamLeased& r) const {
    StreamState& stream = state.streams.at(r.stream);
    stream.attempt = r.attempt;
    stream.worker = r.worker;
    stream.rows = 0;
    stream.loss_sum = stream.extra_weight = 0;
    state.grants_index = state.index;
  }
  void operator()(const StreamProgressed& r) const {
    StreamState& stream = state.streams.at(r.ref.stream);
    stream.progress = r.step;
    stream.rows += r.rows;
    stream.loss_sum += r.loss_sum;
    stream.extra_weight += r.extra_weight;
    state.epoch_rows += r.rows;
    state.epoch_loss_sum += r.loss_sum;
    state.epoch_extra_weight += r.extra_weight;
    state.rows_total += r.rows;
  }
  void operator()(const StreamClosed& r) const { Close(&state, r.stream); }
  void operator()(const LimitRaised& r) const {
    for (auto& [id, stream] : state.streams) {
      if (stream.work.kind == StreamWork::Kind::kTrain) stream.limit = r.limit;
    }
    state.epochs_opened = state.epochs.size() + 1;
    state.grants_index = state.index;
  }
  void operator()(const FloorRaised& r) const {
    state.floor = r.floor;
    std::erase_if(state.closed, [&](StreamId stream) { return stream < r.floor; });
    state.map_index = state.index;
  }
  void operator()(const EpochEnded& r) const {
    state.epochs.push_back(r.record);
    state.epoch_rows = 0;
    state.epoch_loss_sum = state.epoch_extra_weight = 0;
  }
  void operator()(const CheckpointBegun& r) const { state.checkpoint = r.id; }
  void operator()(const ModelKept& r) const { state.kept = r; }
  void operator()(const JobEnded& r) const {
    state.ended = true;
    state.end = r;
  }
};

}  // namespace

void JobState::Apply(const LogRecord& record) {
  ++index;
  std::visit(Fold{*this}, record);
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
