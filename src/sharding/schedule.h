// How much training there is and which batch each step of a stream is: pure functions that the
// coordinator and all workers agree on without talking. Batches of an epoch are counted from 0,
// steps of a stream from 1.
#pragma once

#include <algorithm>
#include <cstdint>

#include "wire/job_plan.h"

namespace cairn {

constexpr uint64_t BatchesOfEpoch(const Schedule& schedule, uint64_t epoch) {
  if (epoch >= schedule.epochs) return 0;
  if (schedule.batches_max == 0) return schedule.batches_per_epoch;
  const uint64_t before = epoch * schedule.batches_per_epoch;
  if (before >= schedule.batches_max) return 0;
  return std::min(schedule.batches_per_epoch, schedule.batches_max - before);
}

constexpr uint64_t BatchesInAll(const Schedule& schedule) {
  const uint64_t all = schedule.epochs * schedule.batches_per_epoch;
  return schedule.batches_max == 0 ? all : std::min(all, schedule.batches_max);
}

// bsp, ssp: every stream takes the same number of steps in an epoch; where the batches do not
// divide evenly, the last steps of some streams are empty.
constexpr uint64_t FixedStepsOfEpoch(const Schedule& schedule, uint64_t epoch) {
  return (BatchesOfEpoch(schedule, epoch) + schedule.fixed_streams - 1) / schedule.fixed_streams;
}

// Steps of one fixed stream in the first `epochs` epochs.
constexpr uint64_t FixedStepsThrough(const Schedule& schedule, uint64_t epochs) {
  const uint64_t full =
      schedule.batches_max == 0
          ? schedule.epochs
          : schedule.batches_max / std::max<uint64_t>(1, schedule.batches_per_epoch);
  const uint64_t whole = std::min({epochs, full, schedule.epochs});
  uint64_t steps =
      whole * ((schedule.batches_per_epoch + schedule.fixed_streams - 1) / schedule.fixed_streams);
  if (epochs > whole) steps += FixedStepsOfEpoch(schedule, whole);  // The last, shorter one.
  return steps;
}

// A batch, or nothing: an empty step.
struct BatchRef {
  uint64_t epoch = 0;
  uint64_t batch = 0;
  bool exists = false;
};

// bsp, ssp: what stream `slot` does in `step`. Within an epoch a stream has a range of its order.
constexpr BatchRef FixedBatch(const Schedule& schedule, uint32_t slot, uint64_t step) {
  const uint64_t full_steps =
      (schedule.batches_per_epoch + schedule.fixed_streams - 1) / schedule.fixed_streams;
  const uint64_t epoch = (step - 1) / std::max<uint64_t>(1, full_steps);
  const uint64_t in_epoch = (step - 1) - epoch * full_steps;
  const uint64_t batch = slot * FixedStepsOfEpoch(schedule, epoch) + in_epoch;
  return {epoch, batch, batch < BatchesOfEpoch(schedule, epoch)};
}

// The learning-rate factor where `done` of `all` units of training are behind: warm-up, then
// linear to 0. `all` 0: the end is not known, so the rate stays constant after `warmup_units`.
constexpr float RateFactor(const Schedule& schedule, uint64_t done, uint64_t all,
                           uint64_t warmup_units = 0) {
  const double warm = all == 0
                          ? static_cast<double>(warmup_units)
                          : static_cast<double>(schedule.warmup_share) * static_cast<double>(all);
  const double at = static_cast<double>(done);
  if (at < warm) return static_cast<float>((at + 1) / (warm + 1));
  if (!schedule.decay || all == 0) return 1;
  return static_cast<float>((static_cast<double>(all) - at) / (static_cast<double>(all) - warm));
}

}  // namespace cairn
