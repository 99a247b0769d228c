// A server in the simulator: a member core, executors, and a disk.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "server/executor_core.h"
#include "sim/sim_process.h"
#include "transport/member_core.h"

namespace cairn::sim {

class SimServer final : public SimProcess {
 public:
  // `host` outlives the server.
  SimServer(SimHost* host, uint64_t incarnation);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  void AskToLeave(Micros now) override;
  bool ended() const override { return member_.ended(); }

  std::vector<const ExecutorCore*> executors() const;

 private:
  // Files being written, by executor and ticket; when the last request of a ticket will be done.
  struct Ticket {
    std::unique_ptr<WritableFile> file;
    std::deque<StorageRequest> requests;  // Under way, in their order.
    Micros done_at = 0;                   // The last of them.
  };

  void OnNews(const MemberCore::News& news, Outbox* out);
  void MakeExecutors();
  void Perform(size_t executor, ExecutorActions actions, Micros now);
  StorageResult Execute(size_t executor, const StorageRequest& request);
  absl::Status Write(const StorageRequest& request, Ticket* ticket);

  SimHost* const host_;
  MemberCore member_;
  std::vector<std::unique_ptr<ExecutorCore>> executors_;
  std::map<std::pair<size_t, uint64_t>, Ticket> tickets_;
  Micros tick_at_ = kNever;
};

}  // namespace cairn::sim
