// The coordinator's part that opens, leases and closes streams: epochs, evaluation, clients.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/status.h"
#include "coordinator/convergence.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/exit_codes.h"
#include "sharding/schedule.h"

namespace cairn {
namespace {

constexpr StepIndex kForever = std::numeric_limits<StepIndex>::max();

constexpr char kAgainstDivergence[] = "take a smaller --lr, and bin or scale large numbers";

bool IsEvaluation(StreamId stream) { return (stream & kEvaluationBit) != 0; }

}  // namespace

void CoordinatorCore::OpenEpoch(CoordinatorActions* out) {
  const uint64_t epoch = state_.epochs.size();
  const Schedule& schedule = state_.plan.schedule;
  const uint64_t batches = BatchesOfEpoch(schedule, epoch);
  if (Fixed()) {
    const StepIndex limit = FixedStepsThrough(schedule, epoch + 1);
    if (state_.opened > 0) {
      Decide(LimitRaised{limit}, out);
      return;
    }
    StreamsOpened opened{0, limit, {}};
    for (uint32_t slot = 0; slot < state_.job.streams; ++slot) {
      StreamWork work{.slot = slot, .last = FixedStepsThrough(schedule, schedule.epochs)};
      opened.works.push_back(work);
      unleased_.insert(slot);
    }
    Decide(std::move(opened), out);
    return;
  }
  RaiseFloor(out);  // The epoch before is done and closed: its stamps are not needed any more.
  const auto before = state_.epoch_streams.find(epoch);
  StreamsOpened opened{
      before == state_.epoch_streams.end() ? state_.opened : before->second, kForever, {}};
  const uint64_t lease = state_.plan.lease_batches;
  for (uint64_t first = 0; first < batches; first += lease) {
    StreamWork work{.epoch = epoch, .first_batch = first, .last = std::min(lease, batches - first)};
    unleased_.insert(opened.first + opened.works.size());
    opened.works.push_back(work);
  }
  Decide(std::move(opened), out);
}

// asp: streams below the lowest open one are closed for good, and servers may forget them; those
// that run again after a rollback to the newest checkpoint are not.
void CoordinatorCore::RaiseFloor(CoordinatorActions* out) {
  // Open ones, and those of the next epoch, if it was opened before.
  const auto lowest_of = [&](const TrainingState& training) {
    const auto next = state_.epoch_streams.find(training.epochs_opened);
    const StreamId later = next == state_.epoch_streams.end() ? state_.opened : next->second;
    const auto lowest = training.streams.begin();
    const bool none = lowest == training.streams.end() || IsEvaluation(lowest->first);
    return none ? later : std::min(later, lowest->first);
  };
  StreamId floor = lowest_of(state_);
  if (!state_.plan.checkpoints.directory.empty()) {
    if (state_.checkpoints.empty()) return;
    floor = std::min(floor, lowest_of(state_.checkpoints.back().training));
  }
  if (floor > state_.floor) Decide(FloorRaised{floor}, out);
}

void CoordinatorCore::OpenEvaluation(CoordinatorActions* out) {
  const uint64_t batches = state_.plan.evaluation_batches;
  evaluation_.emplace(batches);
  const uint64_t lease =
      std::max<uint64_t>(1, batches / (4 * std::max(1u, CountOfStreamRunners())));
  StreamsOpened opened{state_.next_evaluation, kForever, {}};
  for (uint64_t first = 0; first < batches; first += lease) {
    opened.works.push_back({.kind = StreamWork::Kind::kEvaluate,
                            .epoch = state_.epochs.size(),
                            .first_batch = first,
                            .last = std::min(lease, batches - first)});
  }
  const StreamId first = opened.first;
  const size_t count = opened.works.size();
  Decide(std::move(opened), out);
  for (uint64_t batch = 0; batch < batches; ++batch) {
    if (state_.SkipsEvaluationOf(batch)) evaluation_->LeaveOut(batch);
  }
  for (StreamId id = first; id < first + count; ++id) {
    if (!MaybeCloseEvaluation(id, out)) unleased_.insert(id);
  }
}

// For every program that has none. Before the job goes back to a checkpoint they wait: what is
// opened now would be gone then.
void CoordinatorCore::OpenClientStreams(CoordinatorActions* out) {
  const bool goes_back = state_.partitions.empty() && !state_.checkpoints.empty();
  if (goes_back || serverless_since_.has_value()) return;
  std::set<uint32_t> have;
  for (const auto& [id, stream] : state_.streams) have.insert(stream.worker);
  for (const auto& [process, member] : state_.members) {
    if (member.role == Role::kClient && !have.contains(process)) OpenClientStream(member, out);
  }
}

void CoordinatorCore::OpenClientStream(const MemberState& member, CoordinatorActions* out) {
  clients_came_ = true;
  if (!Fixed() || state_.opened == 0) OpenClientWorks(state_.opened, out);
  for (const StreamId id : unleased_) {
    if (state_.streams.at(id).work.kind != StreamWork::Kind::kClient) continue;
    Decide(StreamLeased{id, state_.streams.at(id).attempt + 1, member.id.process}, out);
    unleased_.erase(id);
    return;
  }
  Send({kUnassignedProcess, member.id.incarnation},
       JobEnd{kExitUsage, Concat("all ", state_.job.streams,
                                 " streams of this job are taken (JobSpec::streams)")},
       out);
}

// asp: one stream. Else all slots exist from the start: servers wait for every one of them.
void CoordinatorCore::OpenClientWorks(StreamId first, CoordinatorActions* out) {
  StreamsOpened opened{Fixed() ? 0 : first, kForever, {}};
  for (uint32_t slot = 0; slot < (Fixed() ? state_.job.streams : 1); ++slot) {
    opened.works.push_back({.kind = StreamWork::Kind::kClient, .slot = slot, .last = kForever});
    unleased_.insert(opened.first + slot);
  }
  Decide(std::move(opened), out);
}

// The streams of programs that are there.
std::map<StreamId, uint32_t> CoordinatorCore::HeldByClients() const {
  std::map<StreamId, uint32_t> held;
  for (const auto& [id, stream] : state_.streams) {
    const bool is_client = stream.work.kind == StreamWork::Kind::kClient;
    if (is_client && state_.members.contains(stream.worker)) held[id] = stream.worker;
  }
  return held;
}

// After going back everybody has the stream that it had. Partitions may have been written with
// steps of it even if it was opened after the checkpoint began.
void CoordinatorCore::GiveBack(const std::map<StreamId, uint32_t>& held, CoordinatorActions* out) {
  for (const auto& [id, process] : held) {
    if (!state_.streams.contains(id)) OpenClientWorks(id, out);
    Decide(StreamLeased{id, state_.streams.at(id).attempt + 1, process}, out);
    unleased_.erase(id);
  }
}

// The worker with the fewest streams among those with room; with `always`, room or not.
uint32_t CoordinatorCore::WorkerFor(const std::map<uint32_t, uint32_t>& load, bool always) const {
  uint32_t best = 0;
  for (const auto& [process, streams] : load) {
    const auto known = volatile_.find(process);
    const uint32_t capacity = known == volatile_.end() ? 0 : known->second.capacity;
    if (!always && streams >= capacity) continue;
    if (best == 0 || streams < load.at(best)) best = process;
  }
  return best;
}

// Gives every stream that nobody runs to a worker with room, in the order of their ids. A fixed
// stream goes out in any case: all others wait for it.
void CoordinatorCore::LeaseStreams(CoordinatorActions* out) {
  if (unleased_.empty() || phase_ == JobPhase::kForming || phase_ >= JobPhase::kSaving) return;
  std::map<uint32_t, uint32_t> load;
  for (const auto& [process, member] : state_.members) {
    if (member.role == Role::kWorker) load[process] = 0;
  }
  for (const auto& [id, stream] : state_.streams) {
    const bool runs = !IsEvaluation(id) || phase_ == JobPhase::kEvaluating;
    const bool idle = Fixed() && phase_ == JobPhase::kEvaluating && !IsEvaluation(id);
    if (runs && !idle && load.contains(stream.worker)) ++load[stream.worker];
  }
  for (auto it = unleased_.begin(); it != unleased_.end();) {
    const StreamState& stream = state_.streams.at(*it);
    if (stream.work.kind == StreamWork::Kind::kClient) {
      ++it;
      continue;
    }
    const uint32_t worker = WorkerFor(load, Fixed() && !IsEvaluation(*it));
    if (worker == 0) return;
    ++load[worker];
    Decide(StreamLeased{*it, stream.attempt + 1, worker}, out);
    it = unleased_.erase(it);
  }
}

void CoordinatorCore::OnProgress(const Message& message, const Progress& progress, Micros now,
                                 CoordinatorActions* out) {
  const auto found = state_.streams.find(progress.ref.stream);
  if (found == state_.streams.end()) return;
  const StreamState& stream = found->second;
  if (stream.worker != message.header.from.process || stream.attempt != progress.ref.attempt ||
      progress.step <= stream.progress || progress.step > stream.work.last) {
    return;
  }
  if (std::isnan(progress.loss_sum)) {
    BeginSaving(kExitDiverged, Divergence(stream, progress), now, out);
    return;
  }
  const bool done = progress.step == stream.work.last;
  Decide(StreamProgressed{progress.ref, progress.step, progress.rows - stream.rows,
                          progress.loss_sum - stream.loss_sum,
                          progress.extra_weight - stream.extra_weight},
         out);
  if (done) Decide(StreamClosed{progress.ref.stream}, out);
  MaybeEndEpoch(now, out);
  if (done) LeaseStreams(out);
}

// "the training diverged in epoch 1, batch 17 of 253 (stream 3, step 5): ..."
std::string CoordinatorCore::Divergence(const StreamState& stream, const Progress& progress) const {
  return Concat("the training diverged in ", BatchName(stream, progress.ref.stream, progress.step),
                ": the loss of its rows is beyond all measure; ", WhatIsLeft(), "; ",
                kAgainstDivergence);
}

std::string CoordinatorCore::WhatIsLeft() const {
  if (!state_.kept.files.empty() && !state_.plan.save_dir.empty()) {
    return Concat("saved is the model of epoch ", state_.kept.epoch);
  }
  if (state_.job.init_dir.empty()) return "nothing is saved";
  return Concat("nothing is saved, the last good model is that in ", state_.job.init_dir);
}

bool CoordinatorCore::EpochComplete() const {
  return std::all_of(state_.streams.begin(), state_.streams.end(), [&](const auto& entry) {
    const StreamState& stream = entry.second;
    if (stream.work.kind != StreamWork::Kind::kTrain) return true;
    return Fixed() && stream.progress >= stream.limit;
  });
}

void CoordinatorCore::MaybeEndEpoch(Micros now, CoordinatorActions* out) {
  if (phase_ != JobPhase::kTraining || !EpochComplete()) return;
  result_.train_seconds = static_cast<double>(now - training_started_) / kMicrosPerSecond;
  if (state_.plan.evaluation_batches == 0) {
    EndEpoch(now, out);
    return;
  }
  phase_ = JobPhase::kEvaluating;
  OpenEvaluation(out);
  if (!MaybeEndEvaluation(now, out)) LeaseStreams(out);
}

void CoordinatorCore::OnEvaluationResult(const Message& message, const EvaluationResult& result,
                                         Micros now, CoordinatorActions* out) {
  const auto found = state_.streams.find(result.ref.stream);
  Send(message.header.from, EvaluationAck{result.ref, result.step}, out);
  if (phase_ != JobPhase::kEvaluating || found == state_.streams.end()) return;
  const StreamState& stream = found->second;
  if (stream.work.kind != StreamWork::Kind::kEvaluate) return;
  if (result.step == 0 || result.step > stream.work.last) return;
  const auto added = evaluation_->Add(stream.work.first_batch + result.step - 1, result);
  if (added == Evaluation::Added::kTooMany) {
    End(kExitUsage,
        Concat("too much validation data: more than ", Evaluation::kNumbersMax,
               " scores and labels together"),
        now, out);
    return;
  }
  if (added == Evaluation::Added::kOtherKind) {
    End(kExitUsage, "the workers score validation data in different ways: other versions?", now,
        out);
    return;
  }
  const bool all = MaybeCloseEvaluation(result.ref.stream, out);
  if (!MaybeEndEvaluation(now, out) && all) LeaseStreams(out);
}

// Closes the stream if all its batches are scored, or left out.
bool CoordinatorCore::MaybeCloseEvaluation(StreamId id, CoordinatorActions* out) {
  const StreamWork& work = state_.streams.at(id).work;
  for (StepIndex step = 1; step <= work.last; ++step) {
    if (!evaluation_->Has(work.first_batch + step - 1)) return false;
  }
  unleased_.erase(id);  // Results of a worker that is lost may come while nobody runs it.
  Decide(StreamClosed{id}, out);
  return true;
}

bool CoordinatorCore::MaybeEndEvaluation(Micros now, CoordinatorActions* out) {
  if (phase_ != JobPhase::kEvaluating || !evaluation_.has_value() || !evaluation_->complete()) {
    return false;
  }
  EndEpoch(now, out);
  return true;
}

void CoordinatorCore::EndEpoch(Micros now, CoordinatorActions* out) {
  EpochRecord record;
  record.epoch = state_.epochs.size();
  record.rows = state_.epoch_rows;
  record.train_logloss = state_.EpochLoss();
  record.valid_logloss = record.valid_auc = record.valid_accuracy = std::nan("");
  record.valid_baseline_loss = record.valid_baseline_accuracy = std::nan("");
  record.valid_calibration = std::nan("");
  record.seconds = static_cast<double>(now - training_started_) / kMicrosPerSecond;
  if (evaluation_.has_value()) {
    const Evaluation::Metrics metrics = evaluation_->Compute();
    record.valid_logloss = metrics.logloss;
    record.valid_auc = metrics.auc;
    record.valid_accuracy = metrics.accuracy;
    record.valid_baseline_loss = metrics.baseline_loss;
    record.valid_baseline_accuracy = metrics.baseline_accuracy;
    record.valid_calibration = metrics.calibration;
    evaluation_.reset();
  }
  Decide(EpochEnded{record}, out);
  GoOnOrEnd(now, out);
}

// No epoch is open.
void CoordinatorCore::GoOnOrEnd(Micros now, CoordinatorActions* out) {
  std::optional<StopDecision> stop =
      DecideStop(state_.plan.stop, state_.plan.schedule.epochs, state_.epochs);
  if (!stop.has_value() && BatchesOfEpoch(state_.plan.schedule, state_.epochs.size()) == 0) {
    stop = StopDecision{0, Concat(state_.plan.schedule.batches_max, " batches are done")};
  }
  if (stop.has_value() && stop->code == kExitDiverged) {
    stop->reason = Concat(stop->reason, "; ", WhatIsLeft(), "; ", kAgainstDivergence);
  } else if (KeepsBest() && LastIsBest(state_.plan.stop, state_.epochs) &&
             state_.kept.epoch != state_.epochs.size()) {
    goes_on_ = !stop.has_value();
    pending_message_ = stop.has_value() ? stop->reason : "";
    TakeSnapshots(now, out);
    return;
  }
  if (stop.has_value()) {
    BeginSaving(stop->code, stop->reason, now, out);
  } else {
    OpenNextEpoch(out);
  }
}

void CoordinatorCore::OpenNextEpoch(CoordinatorActions* out) {
  phase_ = JobPhase::kTraining;
  OpenEpoch(out);
  LeaseStreams(out);
}

}  // namespace cairn
