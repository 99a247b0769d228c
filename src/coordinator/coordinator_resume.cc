// The coordinator's part that goes on where a former life was. What that one knew besides its
// records, members tell again: they repeat what was not answered.
#include "base/check.h"
#include "coordinator/coordinator_core.h"

namespace cairn {

void CoordinatorCore::Resume(JobState state, Micros now, CoordinatorActions* out) {
  CAIRN_CHECK(state.job_id != 0, "records begin with a job");
  state_ = std::move(state);
  for (const auto& [process, member] : state_.members) volatile_[process].heard = now;
  if (state_.ended) {
    BeginFarewell(now, out);
    return;
  }
  DropCheckpoint(out);  // What came of it nobody knows.
  checkpoint_due_ = now + CheckpointEvery();
  if (NeedsRollback() && !state_.checkpoints.empty()) serverless_since_ = now;
  for (const auto& [id, stream] : state_.streams) {
    if (stream.worker == 0) unleased_.insert(id);
  }
  clients_came_ = state_.plan.schedule.epochs == 0 && state_.opened > 0;
  const bool is_placed = !state_.partitions.empty();
  if (is_placed && state_.epochs_opened > 0) {
    ResumeTraining(now, out);
  } else if (!state_.kept.files.empty()) {  // Of programs that had finished.
    pending_message_ = "finished";
    Conclude(now, out);
  } else {
    phase_ = JobPhase::kForming;
    MaybeForm(now, out);
  }
  TellMembers(out);
}

void CoordinatorCore::ResumeTraining(Micros now, CoordinatorActions* out) {
  const double seconds = state_.epochs.empty() ? 0 : state_.epochs.back().seconds;
  training_started_ = now - static_cast<Micros>(seconds * kMicrosPerSecond);
  result_.train_seconds = seconds;
  // Scores that were there already are gone: all are asked for again.
  while (!state_.streams.empty() && (state_.streams.rbegin()->first & kEvaluationBit) != 0) {
    const StreamId evaluation = state_.streams.rbegin()->first;
    unleased_.erase(evaluation);
    Decide(StreamClosed{evaluation}, out);
  }
  GoOnAsOf(now, out);
}

}  // namespace cairn
