// Each rule of the protocol that can be switched off (server/guards.h, Scenario::log_first) is
// missed by a checker that looks at the cluster from its ends: not only by the one that looks into
// the partitions. A guard that nothing misses is not needed, or not tested.
#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <string>

#include "sim/sim_world.h"

namespace cairn::sim {
namespace {

constexpr uint64_t kSeedsMost = 200;

// Runs seeds until one violates a guarantee whose name is in `by`; 0: none did.
uint64_t FirstSeedCaught(Consistency mode, const std::function<void(Scenario*)>& mutate,
                         const std::set<std::string>& by, uint64_t first = 1) {
  for (uint64_t seed = first; seed < first + kSeedsMost; ++seed) {
    Scenario scenario = MakeScenario(seed, mode);
    mutate(&scenario);
    // A livelock is told early, not after everybody's patience.
    scenario.patience = 5 * kMicrosPerSecond;
    scenario.events_max = 40'000;
    for (const Violation& violation : RunScenario(scenario).violations) {
      if (by.contains(violation.what)) return seed;
    }
  }
  return 0;
}

uint64_t FirstSeedCaught(Consistency mode, const ServerGuards& guards,
                         const std::set<std::string>& by) {
  return FirstSeedCaught(
      mode, [&](Scenario* scenario) { scenario->guards = guards; }, by);
}

TEST_CASE("Mutation: without the stamp check rows of data count twice") {
  const ServerGuards guards{.stamp_check = false};
  CHECK(FirstSeedCaught(Consistency::kAsp, guards, {"G1"}) > 0);
  // In ssp and bsp a record's predecessor gives the doubled one away, and it is never acknowledged.
  CHECK(FirstSeedCaught(Consistency::kSsp, guards, {"liveness"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"liveness"}) > 0);
}

TEST_CASE("Mutation: without the gap check rows of data are lost") {
  const ServerGuards guards{.gap_check = false};
  CHECK(FirstSeedCaught(Consistency::kAsp, guards, {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, guards, {"G1"}) > 0);
}

TEST_CASE("Mutation: without the undo a successor computes on other values") {
  const ServerGuards guards{.undo = false};
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"G3"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"G4"}) > 0);
}

TEST_CASE("Mutation: without asking for ids rows of data are lost") {
  const ServerGuards guards{.need_ids = false};
  CHECK(FirstSeedCaught(Consistency::kAsp, guards, {"G1"}) > 0);
  // In bsp and ssp the rows that are counted are not those that a step pulls, so they are not
  // named.
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"G4"}) > 0);
}

TEST_CASE("Mutation: without stream order the bits depend on the timing") {
  const ServerGuards guards{.stream_order = false};
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"G4"}) > 0);
}

TEST_CASE("Mutation: a restored partition without its stamps counts rows of data twice") {
  const ServerGuards guards{.stamps_kept = false};
  CHECK(FirstSeedCaught(Consistency::kAsp, guards, {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, guards, {"G1", "liveness"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, guards, {"G1", "G4", "liveness"}) > 0);
}

// Rare even where servers die all the time: a few in a thousand lives, from such a seed on.
TEST_CASE("Mutation: who does not know of a rollback must not be served, nor ask") {
  const std::set<std::string> missed = {"G1", "G3", "stamps"};
  const auto open = [](Scenario* scenario) {
    MakeHarsh(scenario);
    scenario->guards.term_check = false;
  };
  CHECK(FirstSeedCaught(Consistency::kAsp, open, missed, 330) > 0);
  const auto eager = [](Scenario* scenario) {
    MakeHarsh(scenario);
    scenario->rollback_check = false;
  };
  CHECK(FirstSeedCaught(Consistency::kAsp, eager, missed, 170) > 0);
}

TEST_CASE("Mutation: a coordinator that acts before its records are durable contradicts itself") {
  const auto early = [](Scenario* scenario) { scenario->log_first = false; };
  CHECK(FirstSeedCaught(Consistency::kAsp, early, {"G1", "G3", "liveness", "report"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, early, {"G1", "G3", "G4", "liveness"}) > 0);
}

}  // namespace
}  // namespace cairn::sim
