// Makes a failing scenario smaller: what is left is what it takes to fail.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/sim_scenario.h"

namespace cairn::sim {

// A change that makes a scenario simpler, by a name under which cairn_sim --without takes it too.
struct Simplification {
  std::string_view name;
  void (*apply)(Scenario* scenario);
};
const std::vector<Simplification>& Simplifications();

// Simplifies by names; "mishap-7" leaves that one out. False: there is no such name.
bool SimplifyBy(std::string_view name, Scenario* scenario);

struct Shrunk {
  std::vector<std::string> without;  // In the order in which they are to be applied.
  uint32_t runs = 0;
};

// `fails` runs a scenario; it is deterministic, and true for `scenario`. Takes each simplification,
// then each mishap, of which there are so many, if the rest still fails; ends when no one is left
// that can be taken.
Shrunk Shrink(Scenario scenario, uint32_t mishaps,
              const std::function<bool(const Scenario& scenario)>& fails);

}  // namespace cairn::sim
