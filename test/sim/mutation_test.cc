// Each rule of the protocol that can be switched off (sim_guards.h) is missed by a checker that
// looks at the cluster from its ends: not only by the one that looks into the partitions. A guard
// that nothing misses is not needed, or not tested.
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sim/sim_guards.h"
#include "sim/sim_world.h"

namespace cairn::sim {
namespace {

constexpr uint64_t kSeedsMost = 200;

// Runs seeds until one violates a guarantee whose name is in `by`; 0: none did.
uint64_t FirstSeedCaught(Consistency mode, std::string_view guard,
                         const std::set<std::string>& by) {
  const Guard* const off = FindGuard(guard);
  CAIRN_CHECK(off != nullptr);
  for (uint64_t seed = 1; seed <= kSeedsMost; ++seed) {
    Scenario scenario = MakeScenario(seed, mode);
    if (off->is_rare) MakeHarsh(&scenario);
    off->off(&scenario);
    BeImpatient(&scenario);
    for (const Violation& violation : RunScenario(scenario).violations) {
      if (by.contains(violation.what)) return seed;
    }
  }
  return 0;
}

// What is told early may only be slow: with all rules, these lives are over in time.
TEST_CASE("Mutation: with all rules nothing is missed") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Scenario scenario = MakeScenario(seed);
    if (seed % 2 == 0) MakeHarsh(&scenario);
    BeImpatient(&scenario);
    for (const Violation& violation : RunScenario(scenario).violations) {
      FAIL_CHECK("seed " << seed << ": " << violation.what << ": " << violation.text);
    }
  }
}

TEST_CASE("Mutation: without the stamp check rows of data count twice") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "stamp", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, "stamp", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, "stamp", {"G1"}) > 0);
}

TEST_CASE("Mutation: without the gap check rows of data are lost") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "gap", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, "gap", {"G1"}) > 0);
}

TEST_CASE("Mutation: without the undo a successor computes on other values") {
  CHECK(FirstSeedCaught(Consistency::kBsp, "undo", {"G3"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, "undo", {"G4"}) > 0);
}

TEST_CASE("Mutation: without asking for ids rows of data are lost") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "ids", {"G1"}) > 0);
  // In bsp and ssp the rows that are counted are not those that a step pulls, so they are not
  // named.
  CHECK(FirstSeedCaught(Consistency::kBsp, "ids", {"G4"}) > 0);
}

TEST_CASE("Mutation: without stream order the bits depend on the timing") {
  CHECK(FirstSeedCaught(Consistency::kBsp, "order", {"G4"}) > 0);
}

TEST_CASE("Mutation: a restored partition without its stamps counts rows of data twice") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "stamps-kept", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, "stamps-kept", {"G1", "liveness"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, "stamps-kept", {"G1", "G4", "liveness"}) > 0);
}

TEST_CASE("Mutation: without a checkpoint's tail rows of data are lost") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "tail", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, "tail", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, "tail", {"G1", "G4"}) > 0);
}

TEST_CASE("Mutation: rows that are further than their partition count rows of data twice") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "ahead-kept", {"G1"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kSsp, "ahead-kept", {"G1"}) > 0);
}

TEST_CASE("Mutation: increments on what is not on disk lose rows of data") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "since", {"G1", "G3"}) > 0);
}

TEST_CASE("Mutation: who knows of an older term only is not served") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "term", {"G1"}) > 0);
}

TEST_CASE("Mutation: who does not know of a rollback must not ask") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "rollback", {"G1", "G3", "stamps"}) > 0);
}

TEST_CASE("Mutation: a coordinator that acts before its records are durable contradicts itself") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "log-first", {"G1", "G3", "liveness", "report"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kBsp, "log-first", {"G1", "G3", "G4", "liveness"}) > 0);
}

TEST_CASE("Mutation: disks that have not stored what they say lose decisions and checkpoints") {
  CHECK(FirstSeedCaught(Consistency::kAsp, "syncs", {"log"}) > 0);
  CHECK(FirstSeedCaught(Consistency::kAsp, "syncs", {"G1", "G3", "liveness", "report"}) > 0);
}

}  // namespace
}  // namespace cairn::sim
