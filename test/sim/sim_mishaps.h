// What happens to processes: they die, stand still, and lose their machine's power. Everything is
// drawn from one seeded source, and numbered, so that single mishaps can be left out of a life.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "sim/probes.h"
#include "sim/sim_scenario.h"
#include "transport/outbox.h"
#include "wire/message.h"

namespace cairn::sim {

// Not thread-safe: one world owns it.
class SimMishaps {
 public:
  // All outlive it.
  SimMishaps(const Scenario& scenario, Random* random, ProbeCounts* probes)
      : scenario_(scenario), faults_(scenario.faults), random_(random), probes_(probes) {}

  // The process dies in the middle of sending these.
  bool Dies(Role role, const Outbox& messages, bool server_may_go);
  // For how long it stands still; 0: it does not.
  Micros Pause(Role role, bool server_may_go);
  // It is told to leave.
  bool Leaves(Role role, bool server_may_go);
  // The coordinator's machine loses its power while the log is written.
  bool LosesPower();

  // Nothing happens any more.
  void Heal() { healed_ = true; }
  bool healed() const { return healed_; }
  // Mishaps so far, those left out included.
  uint32_t count() const { return count_; }

 private:
  bool Draws(uint32_t times, uint32_t most, double share);
  bool Happens(uint32_t* times, Probe probe);

  const Scenario& scenario_;
  const Faults& faults_;
  Random* const random_;
  ProbeCounts* const probes_;
  bool healed_ = false;
  uint32_t count_ = 0;
  uint32_t crashes_ = 0, server_crashes_ = 0, coordinator_crashes_ = 0;
  uint32_t leaves_ = 0;
  uint32_t pauses_ = 0, server_pauses_ = 0, coordinator_pauses_ = 0;
};

}  // namespace cairn::sim
