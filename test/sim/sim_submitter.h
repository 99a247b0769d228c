// The submitter in the simulator: brings the job to an idle coordinator and follows it to its end.
#pragma once

#include "cluster/submitter_core.h"
#include "sim/sim_process.h"

namespace cairn::sim {

class SimSubmitter final : public SimProcess {
 public:
  // `host` outlives the submitter.
  SimSubmitter(SimHost* host, uint64_t incarnation);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  bool ended() const override { return core_.finished(); }

  // It saw a process die, or believes so.
  void ReportDeath(const MemberDead& dead, Micros now);

  const SubmitterCore& core() const { return core_; }

 private:
  SimHost* const host_;
  SubmitterCore core_;
};

}  // namespace cairn::sim
