// A worker in the simulator: member core, client core and stream runner, with the synthetic
// program in the place of reader and kernels.
#pragma once

#include <map>
#include <memory>

#include "sim/sim_process.h"
#include "train/stream_runner.h"
#include "transport/member_core.h"
#include "worker/client_core.h"

namespace cairn::sim {

// Of everybody who pulls and pushes.
ClientCore::Options ClientOptionsOf(const Scenario& scenario);

class SimWorker final : public SimProcess {
 public:
  // `host` outlives the worker.
  SimWorker(SimHost* host, uint64_t incarnation);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  void AskToLeave(Micros now) override;
  bool ended() const override { return member_.ended() || has_left_; }

 private:
  void OnNews(const MemberCore::News& news, Micros now, RunnerActions* actions);
  // Ends every call into the cores: takes completions, carries out what the runner wants.
  void Finish(RunnerActions actions, Micros now);
  void Read(const ReadAction& read, Micros now);
  void Compute(ComputeAction compute, Micros now);
  const StreamWork* WorkOf(const StreamRef& ref) const;

  SimHost* const host_;
  MemberCore member_;
  std::unique_ptr<ClientCore> client_;
  std::unique_ptr<StreamRunner> runner_;
  bool has_left_ = false;  // By itself: it was told to, or has failed.
};

}  // namespace cairn::sim
