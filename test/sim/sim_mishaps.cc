#include "sim/sim_mishaps.h"

#include <algorithm>
#include <variant>

namespace cairn::sim {

bool SimMishaps::Draws(uint32_t times, uint32_t most, double share) {
  return !healed_ && times < most && random_->Chance(share);
}

bool SimMishaps::Happens(uint32_t* times, Probe probe) {
  ++*times;
  if (scenario_.skipped_mishaps.contains(count_++)) return false;
  probes_->Hit(probe);
  return true;
}

bool SimMishaps::Dies(Role role, const Outbox& messages, bool server_may_go) {
  if (role == Role::kCoordinator) {
    return !messages.empty() &&
           Draws(coordinator_crashes_, faults_.coordinator_crashes_max,
                 faults_.coordinator_crash) &&
           Happens(&coordinator_crashes_, Probe::kCoordinatorCrash);
  }
  if (role == Role::kServer) {
    return Draws(server_crashes_, faults_.server_crashes_max, faults_.server_crash) &&
           server_may_go && Happens(&server_crashes_, Probe::kServerCrash);
  }
  const bool pushes = std::any_of(messages.begin(), messages.end(), [](const Outgoing& out) {
    return std::holds_alternative<Push>(out.message->body);
  });
  const bool works = role == Role::kWorker || role == Role::kClient;
  return works && pushes && Draws(crashes_, faults_.crashes_max, faults_.crash) &&
         Happens(&crashes_, Probe::kWorkerCrash);
}

Micros SimMishaps::Pause(Role role, bool server_may_go) {
  Micros most = faults_.pause_most;
  bool stands = false;
  if (role == Role::kWorker || role == Role::kClient) {
    stands = Draws(pauses_, faults_.pauses_max, faults_.pause) && Happens(&pauses_, Probe::kPause);
  } else if (role == Role::kServer) {
    most = faults_.server_pause_most;
    stands = Draws(server_pauses_, faults_.server_pauses_max, faults_.server_pause) &&
             server_may_go && Happens(&server_pauses_, Probe::kServerPause);
  } else if (role == Role::kCoordinator) {
    stands =
        Draws(coordinator_pauses_, faults_.coordinator_pauses_max, faults_.coordinator_pause) &&
        Happens(&coordinator_pauses_, Probe::kCoordinatorPause);
  }
  return stands ? 1 + static_cast<Micros>(random_->Below(static_cast<uint64_t>(most))) : 0;
}

bool SimMishaps::Leaves(Role role, bool server_may_go) {
  const bool may = role == Role::kWorker || (role == Role::kServer && server_may_go);
  return may && Draws(leaves_, faults_.leaves_max, faults_.leave) &&
         Happens(&leaves_, Probe::kToldToLeave);
}

bool SimMishaps::LosesPower() {
  constexpr double kShareOfWrites = 0.05;
  return faults_.power_loss > 0 &&
         Draws(coordinator_crashes_, faults_.coordinator_crashes_max,
               kShareOfWrites * faults_.power_loss) &&
         Happens(&coordinator_crashes_, Probe::kCoordinatorCrash);
}

}  // namespace cairn::sim
