// Asks a coordinator how its job goes, without being a member of it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "transport/transport_maker.h"
#include "wire/message.h"

namespace cairn {

// One thread asks at a time.
class StatusClient {
 public:
  // `coordinator`: its address. kInvalidArgument: that is none.
  static absl::StatusOr<std::unique_ptr<StatusClient>> Open(const std::string& coordinator);
  static absl::StatusOr<std::unique_ptr<StatusClient>> Open(const std::string& coordinator,
                                                            const TransportMaker& make_transport);

  // Blocks until an answer comes; asks again all the while. kUnavailable: none came within
  // `patience`, or the coordinator speaks another version of the protocol.
  absl::StatusOr<JobStatus> Ask(std::chrono::milliseconds patience) CAIRN_EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;

  explicit StatusClient(std::string coordinator);

  // Waits for an answer; null if there is none by then.
  MessagePtr TakeAnswer(Clock::time_point until) CAIRN_EXCLUDES(mutex_);
  void OnMessage(const MessagePtr& message) CAIRN_EXCLUDES(mutex_);

  const std::string coordinator_;
  const ProcessId self_;

  Mutex mutex_;
  CondVar answered_;
  MessagePtr answer_ CAIRN_GUARDED_BY(mutex_);  // Null: none came since it was asked.

  std::unique_ptr<Transport> transport_;  // Last: its handler uses what is above.
};

}  // namespace cairn
