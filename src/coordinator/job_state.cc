#include "coordinator/job_state.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "base/file_system.h"
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

// As they are when the run that the checkpoint is of has stopped: nobody runs them, and the next
// attempt is one that there never was. What scored the model is not known any more, and in asp
// nobody else takes the place of a program that has gone.
void StopStreams(JobState* state) {
  std::erase_if(state->streams, [&](const auto& entry) {
    const StreamState& stream = entry.second;
    const bool is_lost = stream.work.kind == StreamWork::Kind::kClient &&
                         state->job.mode.consistency == Consistency::kAsp &&
                         !state->members.contains(stream.worker);
    return IsEvaluation(entry.first) || is_lost;
  });
  for (auto& [id, stream] : state->streams) {
    stream.worker = 0;
    stream.attempt = state->attempt_base;
  }
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
      stream.attempt = state.attempt_base;
      if (stream.work.kind == StreamWork::Kind::kTrain) {
        state.epochs_opened = state.epochs.size() + 1;
      }
    }
    if (IsEvaluation(r.first)) {
      state.next_evaluation = end;
      return;
    }
    if (!r.works.empty() && r.works[0].kind == StreamWork::Kind::kTrain) {
      state.epoch_streams[r.works[0].epoch] = r.first;
    }
    state.opened = std::max(state.opened, end);
    state.map_index = state.index;
  }
  void operator()(const StreamLeased& r) const {
    StreamState& stream = state.streams.at(r.stream);
    stream.attempt = r.attempt;
    stream.worker = r.worker;
    state.attempts = std::max(state.attempts, r.attempt);
    stream.rows = 0;
    stream.loss_sum = stream.extra_weight = 0;
    state.grants_index = state.index;
  }
  void operator()(const StreamProgressed& r) const {
    StreamState& stream = state.streams.at(r.ref.stream);
    stream.progress = r.step;
    stream.suspicions = 0;
    stream.rows += r.rows;
    stream.loss_sum += r.loss_sum;
    stream.extra_weight += r.extra_weight;
    state.epoch_rows += r.rows;
    state.epoch_loss_sum += r.loss_sum;
    state.epoch_extra_weight += r.extra_weight;
    state.rows_total += r.rows;
  }
  void operator()(const StreamClosed& r) const { Close(&state, r.stream); }
  void operator()(const StreamSuspected& r) const {
    StreamState& stream = state.streams.at(r.stream);
    stream.alone_until = std::max(stream.alone_until, r.until);
    ++stream.suspicions;
    state.grants_index = state.index;
  }
  void operator()(const StepBlamed& r) const {
    const bool evaluates = IsEvaluation(r.stream);
    const StepIndex step =
        r.step + (evaluates ? state.streams.at(r.stream).work.first_batch : StepIndex{0});
    std::vector<StepBlame>& blames = state.blames[evaluates ? kEvaluationBit : r.stream];
    const auto known = std::ranges::find(blames, step, &StepBlame::step);
    StepBlame& blame = known == blames.end() ? blames.emplace_back(StepBlame{step, 0}) : *known;
    ++blame.deaths;
    state.grants_index = state.index;
  }
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
  void operator()(const CheckpointBegun& r) const {
    state.checkpoint = r.id;
    if (!r.is_checkpoint) return;
    const bool has_cut = state.job.mode.consistency == Consistency::kBsp;
    CheckpointState& taking = state.taking.emplace();
    taking.id = taking.base = r.id;
    taking.cut = has_cut ? kCutToCome : kOwnMoment;
    taking.training = state;
    const CheckpointState* const former = state.FindCheckpoint(r.since);
    if (former == nullptr) return;
    taking.since = r.since;
    taking.base = former->base;
    taking.increments = former->increments + 1;
  }
  void operator()(const CheckpointCut& r) const {
    state.taking->cut = r.step;
    state.taking->training = state;
    // Who trains is told to pass the steps up to there, and counts their rows; programs are not.
    for (auto& [id, stream] : state.taking->training.streams) {
      if (stream.work.kind == StreamWork::Kind::kClient) stream.progress = r.step;
    }
  }
  void operator()(const CheckpointCommitted& r) const {
    state.taking->files = state.WithFormerFiles(state.taking->since, r.files);
    state.checkpoints.push_back(*std::move(state.taking));
    state.taking.reset();
    ForgetOldCheckpoints(state.plan.checkpoints.kept, &state.checkpoints);
  }
  void operator()(const CheckpointAbandoned&) const { state.taking.reset(); }
  void operator()(const CheckpointDamaged& r) const {
    std::erase_if(state.checkpoints, [&](const CheckpointState& c) { return c.id == r.id; });
  }
  void operator()(const RolledBack& r) const {
    std::erase_if(state.checkpoints, [&](const CheckpointState& c) { return c.id > r.checkpoint; });
    state.taking.reset();
    static_cast<TrainingState&>(state) = state.FindCheckpoint(r.checkpoint)->training;
    state.attempt_base = state.attempts;
    StopStreams(&state);
    state.partitions = r.partitions;
    state.restored = r.checkpoint;
    ++state.rollbacks;
    state.map_index = state.grants_index = state.rollback_index = state.index;
  }
  void operator()(const JobRestored& r) const {
    const uint64_t index = state.index;
    state = *r.state;
    state.index = index;
  }
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
  map.rollback_index = rollback_index;
  map.floor = floor;
  map.opened = opened;
  map.closed = closed;
  map.partitions = partitions;
  for (const auto& [process, member] : members) {
    if (member.role == Role::kServer) map.servers.push_back({member.id, member.address});
  }
  map.checkpoint = restored;
  const CheckpointState* const from = FindCheckpoint(restored);
  if (from == nullptr) return map;  // Never, or it is long ago and everybody has it.
  for (const SnapshotDone& file : from->files) {
    const std::string directory =
        JoinPath(plan.checkpoints.directory, CheckpointDirectory(file.checkpoint));
    map.restored.push_back({JoinPath(directory, file.file), file.crc, file.partition});
  }
  return map;
}

const CheckpointState* JobState::FindCheckpoint(uint64_t id) const {
  const auto found = std::find_if(checkpoints.begin(), checkpoints.end(),
                                  [&](const CheckpointState& c) { return c.id == id; });
  return found == checkpoints.end() ? nullptr : &*found;
}

std::vector<SnapshotDone> JobState::WithFormerFiles(uint64_t since,
                                                    std::vector<SnapshotDone> written) const {
  const CheckpointState* const former = FindCheckpoint(since);
  if (former == nullptr) return written;
  std::vector<SnapshotDone> all;
  for (SnapshotDone& file : written) {
    if (file.since == since) {  // Else it has all rows, though less would have done.
      std::ranges::copy_if(former->files, std::back_inserter(all), [&](const SnapshotDone& each) {
        return each.partition == file.partition;
      });
    }
    all.push_back(std::move(file));
  }
  return all;
}

void ForgetOldCheckpoints(uint32_t kept, std::vector<CheckpointState>* checkpoints) {
  const size_t most = std::max(kept, 1u);
  std::vector<CheckpointState> left;  // The newest first.
  bool wants_other_base = most > 1;
  for (auto next = checkpoints->rbegin(); next != checkpoints->rend(); ++next) {
    const bool has_other_base = !left.empty() && next->base != left.front().base;
    if (left.size() >= most && !(wants_other_base && has_other_base)) continue;
    wants_other_base = wants_other_base && !has_other_base;
    left.push_back(std::move(*next));
  }
  checkpoints->assign(std::make_move_iterator(left.rbegin()), std::make_move_iterator(left.rend()));
}

std::string CheckpointDirectory(uint64_t id) { return Concat("checkpoint-", id); }

Grants JobState::MakeGrants(uint32_t worker) const {
  Grants grants;
  grants.index = grants_index;
  grants.rollback_index = rollback_index;
  for (const auto& [id, stream] : streams) {
    if (stream.worker != worker) continue;
    grants.grants.push_back({{id, stream.attempt}, stream.progress, stream.limit, stream.work});
    if (stream.alone_until > stream.progress) {
      grants.notes.push_back({StepNote::Kind::kAlone, id, stream.alone_until});
    }
    const auto blamed = blames.find(IsEvaluation(id) ? kEvaluationBit : id);
    if (blamed == blames.end()) continue;
    const StepIndex before = IsEvaluation(id) ? stream.work.first_batch : 0;
    for (const StepBlame& blame : blamed->second) {
      const bool is_to_come =
          blame.step > before + stream.progress && blame.step - before <= stream.work.last;
      if (!blame.is_skipped() || !is_to_come) continue;
      grants.notes.push_back({StepNote::Kind::kSkipped, id, blame.step - before});
    }
  }
  return grants;
}

uint64_t JobState::skipped() const {
  uint64_t sum = 0;
  for (const auto& [stream, blamed] : blames) {
    sum += static_cast<uint64_t>(std::ranges::count_if(blamed, &StepBlame::is_skipped));
  }
  return sum;
}

bool JobState::SkipsEvaluationOf(uint64_t batch) const {
  const auto blamed = blames.find(kEvaluationBit);
  return blamed != blames.end() &&
         std::ranges::any_of(blamed->second, [batch](const StepBlame& blame) {
           return blame.step == batch + 1 && blame.is_skipped();
         });
}

absl::Status CheckRecord(const JobState& state, const LogRecord& record) {
  if (std::holds_alternative<JobEnded>(record)) return {};  // Perhaps before there was one.
  const bool begins =
      std::holds_alternative<JobCreated>(record) || std::holds_alternative<JobRestored>(record);
  if (begins != (state.job_id == 0)) {
    return InvalidArgument("record ", state.index + 1,
                           state.job_id == 0 ? " comes before a job" : " makes a second job");
  }
  std::optional<StreamId> stream;
  if (const auto* leased = std::get_if<StreamLeased>(&record)) stream = leased->stream;
  if (const auto* progressed = std::get_if<StreamProgressed>(&record)) {
    stream = progressed->ref.stream;
  }
  if (const auto* suspected = std::get_if<StreamSuspected>(&record)) stream = suspected->stream;
  if (const auto* blamed = std::get_if<StepBlamed>(&record)) stream = blamed->stream;
  std::optional<uint64_t> restored;
  if (const auto* back = std::get_if<RolledBack>(&record)) restored = back->checkpoint;
  if (restored.has_value() && state.FindCheckpoint(*restored) == nullptr) {
    return InvalidArgument("record ", state.index + 1, " is of checkpoint ", *restored,
                           ", which is not there");
  }
  const bool of_taking = std::holds_alternative<CheckpointCut>(record) ||
                         std::holds_alternative<CheckpointCommitted>(record);
  if (of_taking && !state.taking.has_value()) {
    return InvalidArgument("record ", state.index + 1, " is of a checkpoint that was not begun");
  }
  if (!stream.has_value() || state.streams.contains(*stream)) return {};
  return InvalidArgument("record ", state.index + 1, " is of stream ", *stream,
                         ", which is not open");
}

}  // namespace cairn
