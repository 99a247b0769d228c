// What servers, workers, clients and submitters have in common: they ask the coordinator for
// membership, beat their heart, learn the map and their grants, and end when the job ends or the
// coordinator is gone for too long. A core: no thread, no socket, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
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
    // Without any answer. A coordinator that says Wait has answered.
    Micros join_timeout = 60'000'000;
    Micros orphan_timeout = 60'000'000;
    Micros leave_timeout = 20'000'000;  // AskToLeave: for as long it is held back, at most.
    std::string host = {};  // Where this process runs, for people and for whoever sees it die.
    uint32_t pid = 0;
    std::string job_name = {};  // The only job to join; empty: any.
    // The job of a submitter: its Hello is a Submit then.
    std::shared_ptr<const JobDefinition> submit = nullptr;
    // What this process has used so far, for heartbeats; empty: nothing is known.
    std::function<ProcessUsage()> usage = nullptr;
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
  // When Tick wants to be called; never again once it has left or ended.
  Micros next_tick() const {
    return left_ || ended_ ? std::numeric_limits<Micros>::max() : next_tick_;
  }

  // Leaves, and tells the coordinator. Nothing is sent afterwards.
  void Leave(Outbox* out);
  // Servers: leaves as soon as the coordinator lets it go, which takes a checkpoint first if it
  // can, or when leave_timeout is over; ended() then, and well. Who has not been welcomed leaves at
  // once.
  News AskToLeave(Micros now, Outbox* out);
  bool asked_to_leave() const { return asked_to_leave_; }
  // Ends the job with an error of this member (code != 0). A single message may be lost, so it is
  // repeated until the coordinator has heard it or kLastWordsFor has passed: go on calling Receive
  // and Tick until ended(). Called before the welcome, it ends the member at once.
  News Fail(int32_t code, const std::string& message, Micros now, Outbox* out);
  static constexpr Micros kLastWordsFor = 3'000'000;

  void set_capacity(uint32_t capacity) { options_.capacity = capacity; }
  // Beats now rather than at the next tick: the capacity has changed.
  void Beat(Micros now, Outbox* out) {
    if (joined_ && !left_ && !ended_ && !failure_.has_value()) SendHeartbeat(now, out);
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
  // Before the welcome: why it is not said yet, in the coordinator's words; empty: no answer yet.
  const std::string& waiting() const { return waiting_; }

  bool ended() const { return ended_; }
  // How it ended: OK, or an error with the coordinator's exit code in end_code().
  const absl::Status& end() const { return end_; }
  int32_t end_code() const { return end_code_; }

  Header HeaderTo(const ProcessId& to) const;

 private:
  void SendHello(Micros now, Outbox* out);
  void SendHeartbeat(Micros now, Outbox* out);
  void SendFailure(Micros now, Outbox* out);
  // How long it is silent at most before it asks, if it is not to end a living coordinator's job.
  Micros OrphanShare() const;
  void OnWelcome(const Message& message, const Welcome& welcome, Micros now, News* news,
                 Outbox* out);
  void OnMap(const MapUpdate& map, News* news);
  void OnVersion(const VersionNotice& notice, News* news);
  ProcessUsage Usage() const {
    return options_.usage == nullptr ? ProcessUsage{} : options_.usage();
  }
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
  std::string waiting_;
  std::optional<Goodbye> failure_;  // Said until it is heard,
  Micros failed_at_ = 0;            // since then.
  bool asked_to_leave_ = false;
  std::optional<Micros> leaves_at_;  // At the latest.
  Micros last_heard_ = 0;
  Micros last_asked_ = 0;
  Micros next_tick_ = 0;
};

}  // namespace cairn
