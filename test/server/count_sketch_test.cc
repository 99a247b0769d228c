#include "server/count_sketch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"

namespace cairn {
namespace {

constexpr uint64_t kBytes = 64u << 10;

TEST_CASE("CountSketch: no count is too small before counters are halved, few are too large",
          "[count_sketch]") {
  const uint32_t most = GENERATE(1u, 2u, 3u, 7u, 15u, 20u, 255u);
  CountSketch sketch(kBytes, most, 0);
  SeededRandom random(most);
  std::map<uint64_t, uint64_t> counts;
  uint64_t too_large = 0, asked = 0;
  while (true) {
    const uint64_t id = Mix64(random.Below(2 * sketch.CountedMost() / most));
    const auto more = static_cast<uint32_t>(1 + random.Below(3));
    const uint64_t before = sketch.counted();
    const uint64_t count = sketch.Add(id, more);
    if (sketch.counted() < before) break;
    const uint64_t stored = std::min<uint64_t>(counts[id], most);
    REQUIRE(count >= stored + more);
    too_large += count > stored + more ? 1 : 0;
    ++asked;
    counts[id] += more;
  }
  CHECK(asked > 1'000);
  CHECK(too_large * 25 < asked);
}

TEST_CASE("CountSketch: a stranger is rarely taken for an id that was there", "[count_sketch]") {
  CountSketch sketch(kBytes, 1, 6);
  uint64_t taken = 0;
  const uint64_t ids = sketch.CountedMost() - 1;
  CHECK(ids == kBytes - 1);  // A byte for each.
  for (uint64_t i = 0; i < ids; ++i) taken += sketch.Add(Mix64(i) >> 6, 1) > 1 ? 1 : 0;
  CHECK(taken * 100 < ids);
}

TEST_CASE("CountSketch: halving forgets what is rare, and half of the rest", "[count_sketch]") {
  const uint32_t most = GENERATE(1u, 3u, 15u, 255u);
  CountSketch sketch(CountSketch::kLineBytes, most, 0);
  const uint64_t often = 5;
  CHECK(sketch.Add(often, most) == most);
  uint64_t others = 0;
  for (uint64_t before = 0; sketch.counted() >= before; ++others) {
    before = sketch.counted();
    sketch.Add(Mix64(others), 1);
    REQUIRE(others < 10'000);
  }
  CHECK(sketch.counted() == 0);
  CHECK(sketch.Add(often, 1) == most / 2 + 1);
}

TEST_CASE("CountSketch: ids that cluster, and both extremes", "[count_sketch]") {
  CountSketch sketch(kBytes, 15, 0);
  for (const uint64_t id : {uint64_t{0}, ~uint64_t{0}, uint64_t{1}, uint64_t{1} << 63}) {
    CHECK(sketch.Add(id, 3) >= 3);
    CHECK(sketch.Add(id, 4'000'000'000u) >= 4'000'000'003u);
    CHECK(sketch.Add(id, 1) >= 16);
  }
}

TEST_CASE("CountSketch: takes its bytes with the first Add, and comes back from them",
          "[count_sketch]") {
  CountSketch sketch(kBytes, 15, 0);
  CHECK(sketch.counters().empty());
  for (uint64_t i = 0; i < 10'000; ++i) sketch.Add(Mix64(i), 1 + i % 4);
  REQUIRE(sketch.counters().size() == sketch.bytes());
  CountSketch copy(kBytes, 15, 0);
  for (uint64_t at = 0; at < kBytes; at += kBytes / 4) {
    copy.Restore(at, sketch.counters().subspan(at, kBytes / 4));
  }
  copy.set_counted(sketch.counted());
  for (uint64_t i = 5'000; i < 30'000; ++i) {
    REQUIRE(copy.Add(Mix64(i), 1) == sketch.Add(Mix64(i), 1));
    REQUIRE(copy.counted() == sketch.counted());
  }
  CHECK(std::equal(copy.counters().begin(), copy.counters().end(), sketch.counters().begin(),
                   sketch.counters().end()));
}

}  // namespace
}  // namespace cairn
