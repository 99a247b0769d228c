// The coordinator's part that finds batches that kill workers, and leaves them out. What a lost
// worker was about nobody knows; so what it may have been about is run one step at a time, each of
// them announced. Whoever is lost then was lost by that step, or by chance: once.
#include <algorithm>

#include "base/status.h"
#include "coordinator/coordinator_core.h"
#include "sharding/schedule.h"

namespace cairn {
namespace {

constexpr uint32_t kDoublingsMost = 20;

}  // namespace

void CoordinatorCore::OnStepAlone(const Message& message, const StepAlone& alone,
                                  CoordinatorActions* out) {
  const uint32_t process = message.header.from.process;
  const auto found = state_.streams.find(alone.ref.stream);
  const bool is_its = found != state_.streams.end() && found->second.worker == process &&
                      found->second.attempt == alone.ref.attempt;
  if (!is_its) return;  // Grants will tell it.
  Volatile& known = volatile_[process];
  const uint64_t number = message.header.request;
  if (number < known.alone_number) return;  // It comes late.
  known.alone_number = number;
  known.alone = alone;
  out->messages.push_back({"", MakeMessage({self_, message.header.from, number, state_.map_index},
                                           StepAloneAck{alone.ref, alone.step})});
}

// The worker is lost, and holds its streams still.
void CoordinatorCore::SuspectWorkOf(uint32_t process, CoordinatorActions* out) {
  const StepAlone alone = volatile_[process].alone;
  if (alone.step > 0) {
    const auto found = state_.streams.find(alone.ref.stream);
    const bool is_its = found != state_.streams.end() && found->second.worker == process &&
                        found->second.attempt == alone.ref.attempt;
    if (is_its && !IsOver(found->second, alone.step)) Blame(alone, out);
    return;
  }
  if (times_.suspects == 0) return;
  std::vector<StreamSuspected> suspects;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.worker != process || stream.work.kind == StreamWork::Kind::kClient) continue;
    const StepIndex span = times_.suspects << std::min(stream.suspicions, kDoublingsMost);
    suspects.push_back({id, std::min(stream.progress + span, stream.work.last)});
  }
  for (const StreamSuspected& suspect : suspects) Decide(suspect, out);
}

bool CoordinatorCore::IsOver(const StreamState& stream, StepIndex step) const {
  if (stream.work.kind != StreamWork::Kind::kEvaluate) return stream.progress >= step;
  return !evaluation_.has_value() || evaluation_->Has(stream.work.first_batch + step - 1);
}

void CoordinatorCore::Blame(const StepAlone& alone, CoordinatorActions* out) {
  const StreamId id = alone.ref.stream;
  const StreamWork work = state_.streams.at(id).work;
  const std::string name = BatchName(state_.streams.at(id), id, alone.step);
  const uint64_t before = state_.skipped();
  Decide(StepBlamed{id, alone.step}, out);
  if (state_.skipped() == before) return;
  out->warnings.push_back(Concat(name, " has killed ", StepBlame::kDeathsOfOne + 1,
                                 " workers, and is left out from now on"));
  if (work.kind != StreamWork::Kind::kEvaluate) return;
  evaluation_->LeaveOut(work.first_batch + alone.step - 1);
  MaybeCloseEvaluation(id, out);
}

bool CoordinatorCore::TooMuchLeftOut() const {
  const uint64_t skipped = state_.skipped();
  const auto all = static_cast<double>(BatchesInAll(state_.plan.schedule));
  return skipped > 1 && static_cast<double>(skipped) > times_.left_out_most * all;
}

// "; 2 batches that killed workers were left out"
std::string CoordinatorCore::LeftOut() const {
  const uint64_t skipped = state_.skipped();
  if (skipped == 0) return {};
  return Concat(
      "; ", skipped,
      skipped == 1 ? " batch that killed workers was" : " batches that killed workers were",
      " left out");
}

// "epoch 1, batch 17 of 253 (stream 3, step 5)"
std::string CoordinatorCore::BatchName(const StreamState& stream, StreamId id,
                                       StepIndex step) const {
  const Schedule& schedule = state_.plan.schedule;
  const StreamWork& work = stream.work;
  if (work.kind == StreamWork::Kind::kEvaluate) {
    return Concat("epoch ", work.epoch + 1, ", batch ", work.first_batch + step, " of ",
                  state_.plan.evaluation_batches, " of the validation data");
  }
  const BatchRef at = Fixed() ? FixedBatch(schedule, work.slot, step)
                              : BatchRef{work.epoch, work.first_batch + step - 1, true};
  return Concat("epoch ", at.epoch + 1, ", batch ", at.batch + 1, " of ",
                schedule.batches_per_epoch, " (stream ", id, ", step ", step, ")");
}

}  // namespace cairn
