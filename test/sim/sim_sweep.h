// Many seeds, on several threads, each seed on one.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/sim_world.h"

namespace cairn::sim {

struct SweepOptions {
  uint64_t first_seed = 1;
  uint64_t seeds = 1;
  uint32_t threads = 2;
  // Share of the seeds that are run twice and compared: determinism is itself tested.
  double replays = 0.05;
  std::function<Scenario(uint64_t seed)> make_scenario;  // Called on all threads.
};

struct SweepResult {
  uint64_t seeds = 0;
  uint64_t events = 0;
  uint64_t replays = 0;
  uint64_t least_events = 0;  // Of one seed.
  ProbeCounts probes;
  std::vector<uint64_t> failed;  // Their seeds, rising.
  // In the order of seeds, but at most ten; without their traces.
  std::vector<SimResult> failures;
};

// Which one this thread is running, 0 before the first: to be said when the program aborts.
uint64_t SeedUnderWay();

SweepResult RunSweep(const SweepOptions& options);

}  // namespace cairn::sim
