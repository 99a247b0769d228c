// A program of a user's in the simulator (cairn/client.h): joins the job, pulls what it counts and
// pushes one more, step after step, with pushes under way, until it has done enough. When the job
// has gone back it pushes again what is lost. Whoever has its stream taken away joins again as
// another one.
#pragma once

#include <memory>
#include <vector>

#include "sharding/key_cut.h"
#include "sim/sim_process.h"
#include "transport/member_core.h"
#include "worker/client_core.h"
#include "worker/client_stream.h"

namespace cairn::sim {

class SimClient final : public SimProcess {
 public:
  // `host` outlives the client.
  SimClient(SimHost* host, uint64_t incarnation);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  bool ended() const override { return member_.ended() || left_; }

 private:
  void OnNews(const MemberCore::News& news, Micros now, Outbox* out);
  void OnGrants();
  bool MayStep() const { return stream_ != nullptr && stream_->granted() && stream_->fault().ok(); }
  // Ends every call into the cores.
  void Finish(Outbox out, Micros now);
  void OnCompletion(const Completion& completion, Micros now, Outbox* out);
  void MaybePull(Micros now, Outbox* out);

  SimHost* const host_;
  const uint64_t incarnation_;
  const StepIndex steps_;  // That it wants to push.
  MemberCore member_;
  std::unique_ptr<ClientCore> client_;
  std::shared_ptr<const KeyCut> counter_;  // Its key.
  std::unique_ptr<ClientStream> stream_;
  StepIndex started_ = 0, acknowledged_ = 0;
  bool pulls_ = false;        // A pull is under way,
  StepIndex pull_least_ = 0;  // which sees at least so many steps.
  bool rests_ = false;        // It does something else for a moment.
  bool left_ = false;
};

}  // namespace cairn::sim
