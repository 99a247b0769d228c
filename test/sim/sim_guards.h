// The rules of the protocol that can be switched off, to show that a checker misses each.
#pragma once

#include <string_view>
#include <vector>

#include "sim/sim_scenario.h"

namespace cairn::sim {

struct Guard {
  std::string_view name;
  void (*off)(Scenario* scenario);
  bool is_rare = false;  // It is missed where servers die all the time (MakeHarsh), if anywhere.
};
const std::vector<Guard>& Guards();

// Null: there is none of that name.
const Guard* FindGuard(std::string_view name);

// A life in which something is missed may go on for ever: it is told early, not after everybody's
// patience.
void BeImpatient(Scenario* scenario);

}  // namespace cairn::sim
