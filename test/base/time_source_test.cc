#include "base/time_source.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("ManualTimeSource moves only when it is told to") {
  ManualTimeSource clock(5);
  CHECK(clock.NowMicros() == 5);
  CHECK(clock.NowMicros() == 5);
  clock.Advance(kMicrosPerSecond);
  CHECK(clock.NowMicros() == 5 + kMicrosPerSecond);
  clock.AdvanceTo(clock.NowMicros());
  CHECK(clock.NowMicros() == 5 + kMicrosPerSecond);
  clock.AdvanceTo(3 * kMicrosPerSecond);
  CHECK(clock.NowMicros() == 3 * kMicrosPerSecond);
}

TEST_CASE("RealTimeSource never runs backwards, and runs") {
  const RealTimeSource clock;
  const Micros start = clock.NowMicros();
  Micros last = start;
  while (last == start) {
    const Micros now = clock.NowMicros();
    REQUIRE(now >= last);
    last = now;
  }
  CHECK(last > start);
}

}  // namespace
}  // namespace cairn
