// What happens to a message between two processes: it is lost, doubled, late, out of order, or
// turned into bytes and back. Everything is drawn from one seeded source.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "sim/probes.h"
#include "sim/sim_scenario.h"
#include "wire/message.h"

namespace cairn::sim {

// Not thread-safe: one world owns it.
class SimNetwork {
 public:
  SimNetwork(const Scenario& scenario, ProbeCounts* probes);

  struct Delivery {
    Micros at = 0;
    MessagePtr message;
  };
  // When, and in which form, the message comes out at the other end; empty: it is lost.
  // from, to: places of processes, whatever life runs there.
  std::vector<Delivery> Send(uint32_t from, uint32_t to, const MessagePtr& message, Micros now);

  // From now on messages only take their time.
  void Heal();

 private:
  bool Loses(uint32_t from, uint32_t to, Micros now);
  bool IsWorker(uint32_t place) const;
  void MaybeCuts(uint32_t from, uint32_t to, Micros now);
  Micros Delay();

  Faults faults_;
  const uint32_t first_worker_, workers_;  // Programs of users included.
  SeededRandom random_;
  SeededRandom cut_random_;  // Its own, so that seeds without cuts stay what they are.
  ProbeCounts* const probes_;
  std::map<std::pair<uint32_t, uint32_t>, Micros> bad_until_;
};

}  // namespace cairn::sim
