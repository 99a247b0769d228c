#include "train/distinct_counter.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace cairn {
namespace {

constexpr size_t kExactMax = 100'000;

TEST_CASE("DistinctCounter is exact at first") {
  DistinctCounter counter(kExactMax);
  CHECK(counter.count() == 0);
  for (int times = 0; times < 3; ++times) {
    for (uint64_t key = 0; key < 1000; ++key) counter.Add(key << 50);
    counter.Add(~uint64_t{0});
    CHECK(counter.exact());
    CHECK(counter.count() == 1001);
  }
}

TEST_CASE("DistinctCounter estimates beyond its bound, well within three standard errors") {
  DistinctCounter counter(kExactMax);
  uint64_t key = 0;
  for (const uint64_t count : {kExactMax, kExactMax + 1, size_t{200'000}, size_t{1'000'000}}) {
    for (; key < count; ++key) counter.Add(key);
    CHECK(counter.exact() == (count <= kExactMax));
    const double error = static_cast<double>(counter.count()) / static_cast<double>(count) - 1;
    CHECK(std::abs(error) < 3 * DistinctCounter::kStandardError);
    const uint64_t before = counter.count();
    counter.Add(7);
    CHECK(counter.count() == before);
  }
}

TEST_CASE("DistinctCounter: the order of keys is of no matter") {
  DistinctCounter up(kExactMax);
  DistinctCounter down(kExactMax);
  constexpr uint64_t kKeys = 120'000;
  for (uint64_t key = 0; key < kKeys; ++key) {
    up.Add(key);
    down.Add(kKeys - 1 - key);
  }
  CHECK(up.count() == down.count());
}

}  // namespace
}  // namespace cairn
