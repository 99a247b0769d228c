// What servers, workers and clients have in common: they ask the coordinator for membership, beat
// their heart, learn the map and their grants, and end when the job ends or the coordinator is
// gone for too long. A core: no thread, no socket, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "base/time_source.h"
#include "transport/outbox.h"

namespace cairn {

class MemberCore {
 public:
  struct Options {
    Role role = Role::kWorker;
    uint64_t incarnation = 0;         // Random, not 0; one a life.
    std::string coordinator_address;  // Where Hello goes.
    std::string own_address;          // Where others reach this process; workers: may be empty.
    std::string kernel_target;
    uint32_t capacity = 0;  // Workers: how many streams there is room for.
    Micros join_timeout = 60'000'000;
    Micros orphan_timeout = 60'000'000;
  };

  // What a call changed, for the shell and for the cores above.
  struct News {
    bool welcomed = false;  // welcome() and self() hold from now on. Once.
    bool map = false;       // map() is newer.
    bool grants = false;    // grants() is newer.
    bool ended = false;     // The job is over, or was never reached: end(). Once.
  };

  explicit MemberCore(Options options);

  // Sends the first Hello. Call once.
  void Start(Micros now, Outbox* out);
  // Takes what concerns membership; leaves everything else alone. Drops what is addressed to
  // another incarnation.
  News Receive(const Message& message, Micros now, Outbox* out);
  News Tick(Micros now, Outbox* out);
  Micros next_tick() const { return next_tick_; }

  // Leaves: tells the coordinator, with a reason if `code` is not 0. Nothing is sent afterwards.
  void Leave(int32_t code, const std::string& message, Outbox* out);
  void set_capacity(uint32_t capacity) { options_.capacity = capacity; }
  // Beats now rather than at the next tick: the capacity has changed.
  void Beat(Micros now, Outbox* out) {
    if (joined_ && !left_ && !ended_) SendHeartbeat(now, out);
  }
  // Asks for a newer map at once (a server said it was not primary).
  void AskForMap(Micros now, Outbox* out);

  bool joined() const { return joined_; }
  const ProcessId& self() const { return self_; }
  const ProcessId& coordinator() const { return coordinator_; }
  const std::string& coordinator_address() const { return options_.coordinator_address; }
  const Welcome& welcome() const { return *welcome_; }
  // Never null after the first map; shared because messages in flight keep the version they used.
  const std::shared_ptr<const MapUpdate>& map() const { return map_; }
  const std::shared_ptr<const Grants>& grants() const { return grants_; }
  uint64_t map_index() const { return map_ == nullptr ? 0 : map_->index; }

  bool ended() const { return ended_; }
  // How it ended: OK, or an error with the coordinator's exit code in end_code().
  const absl::Status& end() const { return end_; }
  int32_t end_code() const { return end_code_; }

  Header HeaderTo(const ProcessId& to) const;

 private:
  void SendHello(Micros now, Outbox* out);
  void SendHeartbeat(Micros now, Outbox* out);
  void End(absl::Status status, int32_t code, News* news);

  Options options_;
  ProcessId self_;
  ProcessId coordinator_{kCoordinatorProcess, 0};
  bool joined_ = false;
  bool left_ = false;
  bool ended_ = false;
  absl::Status end_;
  int32_t end_code_ = 0;
  std::shared_ptr<const Welcome> welcome_;
  std::shared_ptr<const MapUpdate> map_;
  std::shared_ptr<const Grants> grants_;
  Micros started_ = 0;
  Micros last_heard_ = 0;
  Micros last_asked_ = 0;
  Micros next_tick_ = 0;
};

}  // namespace cairn
