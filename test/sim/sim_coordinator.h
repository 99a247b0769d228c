// The coordinator in the simulator: its core, a disk, and a job log that outlives it.
#pragma once

#include "coordinator/commit_queue.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/job_log.h"
#include "sim/sim_process.h"

namespace cairn::sim {

class SimCoordinator final : public SimProcess {
 public:
  // `host` and `log` outlive the coordinator.
  SimCoordinator(SimHost* host, uint64_t incarnation, MemoryJobLog* log);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  bool ended() const override { return all_done_; }

  const CoordinatorCore& core() const { return *core_; }

 private:
  void Perform(CoordinatorActions actions);
  void Advance();
  void Written(const std::vector<LogBatch>& batches);
  void CarryOut(CoordinatorActions actions);
  void Write(const ManifestFile& file, Micros now);
  void Prune(const PrunedCheckpoints& prune);
  void CountProbes(const CoordinatorActions& actions);

  SimHost* const host_;
  const uint64_t incarnation_;
  MemoryJobLog* const log_;
  std::unique_ptr<CoordinatorCore> core_;
  CommitQueue queue_;
  bool all_done_ = false;  // The core has finished, and all that it wanted is carried out.
};

}  // namespace cairn::sim
