#include "sharding/schedule.h"

#include <catch2/catch.hpp>
#include <set>

namespace cairn {
namespace {

TEST_CASE("Schedule: every batch of every epoch is dealt to one step of one stream") {
  for (const uint64_t batches : {1, 7, 8, 9}) {
    const Schedule schedule{.epochs = 3, .batches_per_epoch = batches, .fixed_streams = 4};
    const uint64_t per_epoch = FixedStepsOfEpoch(schedule, 0);
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      std::multiset<uint64_t> dealt;
      for (uint32_t slot = 0; slot < 4; ++slot) {
        for (uint64_t step = epoch * per_epoch + 1; step <= (epoch + 1) * per_epoch; ++step) {
          const BatchRef ref = FixedBatch(schedule, slot, step);
          CHECK(ref.epoch == epoch);
          if (ref.exists) dealt.insert(ref.batch);
        }
      }
      CHECK(dealt.size() == batches);
      CHECK(std::set<uint64_t>(dealt.begin(), dealt.end()).size() == batches);
      CHECK(*dealt.rbegin() == batches - 1);
    }
  }
}

TEST_CASE("Schedule: a bound of batches cuts the last epoch short") {
  const Schedule schedule{
      .epochs = 5, .batches_per_epoch = 10, .batches_max = 23, .fixed_streams = 4};
  CHECK(BatchesInAll(schedule) == 23);
  CHECK(BatchesOfEpoch(schedule, 1) == 10);
  CHECK(BatchesOfEpoch(schedule, 2) == 3);
  CHECK(BatchesOfEpoch(schedule, 3) == 0);
  CHECK(FixedStepsThrough(schedule, 2) == 6);
  CHECK(FixedStepsThrough(schedule, 5) == 7);
  std::multiset<uint64_t> dealt;
  for (uint32_t slot = 0; slot < 4; ++slot) {
    const BatchRef ref = FixedBatch(schedule, slot, 7);
    CHECK(ref.epoch == 2);
    if (ref.exists) dealt.insert(ref.batch);
  }
  CHECK(dealt == std::multiset<uint64_t>{0, 1, 2});
}

TEST_CASE("Schedule: without a bound there is as much as epochs times batches") {
  const Schedule schedule{.epochs = 2, .batches_per_epoch = 6, .fixed_streams = 3};
  CHECK(BatchesInAll(schedule) == 12);
  CHECK(BatchesOfEpoch(schedule, 2) == 0);
  CHECK(FixedStepsThrough(schedule, 1) == 2);
  CHECK(FixedStepsThrough(schedule, 2) == 4);
}

TEST_CASE("Schedule: the rate warms up, then falls to nothing at the end") {
  const Schedule schedule{.warmup_share = 0.1f, .decay = true};
  CHECK(RateFactor(schedule, 0, 100) < 0.1f);
  CHECK(RateFactor(schedule, 0, 100) > 0);
  CHECK(RateFactor(schedule, 5, 100) > RateFactor(schedule, 4, 100));
  CHECK(RateFactor(schedule, 10, 100) == 1);
  CHECK(RateFactor(schedule, 55, 100) == Approx(0.5f));
  CHECK(RateFactor(schedule, 100, 100) == 0);
}

TEST_CASE("Schedule: where the end is not known the rate stays constant after the warm-up") {
  const Schedule schedule{.decay = true};
  CHECK(RateFactor(schedule, 0, 0, 9) == Approx(0.1f));
  CHECK(RateFactor(schedule, 9, 0, 9) == 1);
  CHECK(RateFactor(schedule, 1'000'000, 0, 9) == 1);
  CHECK(RateFactor(Schedule{}, 7, 10) == 1);
}

}  // namespace
}  // namespace cairn
