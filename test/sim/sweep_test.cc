// The default scenario over many seeds: no guarantee is violated, and the rare situations that the
// protocol is about were really reached.
#include <catch2/catch.hpp>

#include "base/status.h"
#include "sim/sim_sweep.h"

namespace cairn::sim {
namespace {

std::string Describe(const std::vector<SimResult>& failures) {
  std::string text;
  for (const SimResult& failure : failures) {
    for (const Violation& violation : failure.violations) {
      text += Concat("seed ", failure.seed, ": ", violation.what, ": ", violation.text, '\n');
    }
  }
  return text;
}

TEST_CASE("Sweep: no guarantee is violated in 300 seeds") {
  SweepOptions options;
  options.seeds = 300;
  options.make_scenario = [](uint64_t seed) { return MakeScenario(seed); };
  const SweepResult result = RunSweep(options);
  INFO(Describe(result.failures));
  CHECK(result.failed.empty());
  CHECK(result.replays > 0);
  CHECK(result.least_events >= 2'000);
  for (size_t i = 0; i < kProbeCount; ++i) {
    if (i == static_cast<size_t>(Probe::kInnocentLeftOut)) continue;  // In one of thousands.
    INFO("never reached: " << kProbeNames[i]);
    CHECK(result.probes.counts[i] > 0);
  }
}

TEST_CASE("Sweep: no guarantee is violated where servers die all the time") {
  SweepOptions options;
  options.seeds = 60;
  options.make_scenario = [](uint64_t seed) {
    Scenario scenario = MakeScenario(seed);
    MakeHarsh(&scenario);
    return scenario;
  };
  const SweepResult result = RunSweep(options);
  INFO(Describe(result.failures));
  CHECK(result.failed.empty());
  CHECK(result.probes[Probe::kRolledBack] > 100);
}

// Each of these lives once ended badly. The bug is named; the seed stays.
TEST_CASE("Sweep: seeds that found a bug") {
  struct Found {
    uint64_t seed;
    const char* bug;
  };
  const Found found[] = {
      {2, "a worker that was taken for dead came back as a second member, and neither worked"},
      {103,
       "an epoch was opened anew after a rollback, and partitions that had begun it before "
       "did it twice"},
      {258, "likewise"},
      {143,
       "a late copy of a first hello gave a worker a number that it did not know, and its streams "
       "stood still"},
      {598,
       "the power went while the first file of the log was made, which was refused as damaged"},
      {1484, "an evaluation was answered by a server that had been taken for dead"},
      {1630, "a worker that asked for the map all the time did not notice that nobody answered"},
  };
  for (const Found& bug : found) {
    const SimResult result = RunScenario(MakeScenario(bug.seed));
    INFO(bug.bug << '\n' << Describe({result}));
    CHECK(result.violations.empty());
  }
}

}  // namespace
}  // namespace cairn::sim
