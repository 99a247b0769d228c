// A whole cluster in one thread under virtual time: unmodified cores, a seeded network, and the
// checkers of the guarantees. One seed is one cluster's life, repeatable to the byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/probes.h"
#include "sim/sim_scenario.h"

namespace cairn::sim {

struct SimResult {
  uint64_t seed = 0;
  uint64_t events = 0;
  Micros ended_at = 0;      // Virtual time.
  uint64_t trace_hash = 0;  // Of everything that happened.
  uint32_t mishaps = 0;     // Of processes; Scenario::skipped_mishaps leaves some out.
  std::string trace;        // A line for each event, if asked for.
  ProbeCounts probes;
  std::vector<Violation> violations;
};

enum class Trace { kHash, kText };

// Runs the scenario to its end. Deterministic.
SimResult RunScenario(const Scenario& scenario, Trace trace = Trace::kHash);

}  // namespace cairn::sim
