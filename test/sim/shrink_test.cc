// A failing life is made smaller, and what is left still fails.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "sim/sim_guards.h"
#include "sim/sim_shrink.h"
#include "sim/sim_world.h"

namespace cairn::sim {
namespace {

Scenario Broken(uint64_t seed) {
  Scenario scenario = MakeScenario(seed, Consistency::kAsp);
  FindGuard("stamp")->off(&scenario);
  BeImpatient(&scenario);
  return scenario;
}

bool Fails(const Scenario& scenario) {
  const std::vector<Violation> violations = RunScenario(scenario).violations;
  return std::any_of(violations.begin(), violations.end(),
                     [](const Violation& violation) { return violation.what == "G1"; });
}

TEST_CASE("Shrink: what it leaves out does not make a life fail, and what is left does") {
  uint64_t seed = 1;
  while (!Fails(Broken(seed))) ++seed;
  const Shrunk shrunk = Shrink(Broken(seed), RunScenario(Broken(seed)).mishaps, Fails);
  CHECK(shrunk.without.size() >= Simplifications().size() / 2);
  Scenario small = Broken(seed);
  for (const std::string& name : shrunk.without) CHECK(SimplifyBy(name, &small));
  CHECK(Fails(small));
  CHECK(RunScenario(small).events < RunScenario(Broken(seed)).events);
  // Without the bug nothing fails, so nothing else was shrunk to.
  small.guards.stamp_check = true;
  small.patience = Scenario{}.patience;
  small.events_max = Scenario{}.events_max;
  CHECK(RunScenario(small).violations.empty());
}

TEST_CASE("Shrink: names") {
  Scenario scenario;
  CHECK(SimplifyBy("mishap-12", &scenario));
  CHECK(scenario.skipped_mishaps.contains(12));
  CHECK(!SimplifyBy("mishap-", &scenario));
  CHECK(!SimplifyBy("rain", &scenario));
}

}  // namespace
}  // namespace cairn::sim
