// The coordinator in the simulator: its core, a job log that is always durable, and a disk.
#pragma once

#include "coordinator/coordinator_core.h"
#include "sim/sim_process.h"

namespace cairn::sim {

class SimCoordinator final : public SimProcess {
 public:
  // `host` outlives the coordinator.
  SimCoordinator(SimHost* host, uint64_t incarnation);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  bool ended() const override { return core_ != nullptr && core_->finished(); }

  const CoordinatorCore& core() const { return *core_; }

 private:
  void Perform(CoordinatorActions actions);
  void CountProbes(const CoordinatorActions& actions);

  SimHost* const host_;
  const uint64_t incarnation_;
  std::unique_ptr<CoordinatorCore> core_;
  MemoryJobLog log_;
};

}  // namespace cairn::sim
