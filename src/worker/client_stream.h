// The stream of a program that pushes without data (cairn/client.h): it is granted one, may lose
// it, and when the job goes back to a checkpoint it has to know from which step on.
#pragma once

#include "absl/status/status.h"
#include "base/time_source.h"
#include "transport/member_core.h"
#include "transport/outbox.h"
#include "worker/client_core.h"

namespace cairn {

// No thread, no socket, no clock; not thread-safe.
class ClientStream {
 public:
  // Both outlive it. The member has joined.
  ClientStream(MemberCore* member, ClientCore* core) : member_(member), core_(core) {}

  enum class News : uint8_t {
    kNone,
    kGranted,  // The first one: steps are base() + 1 and so on.
    kLost,     // fault() says how; what was under way will not be answered.
  };
  // The member has newer grants.
  News OnGrants();

  bool granted() const { return granted_; }
  const StreamRef& ref() const { return ref_; }
  // Every step up to this one is in every partition; of the stream that it has now.
  StepIndex base() const { return base_; }

  // OK, or why no step can be sent. kDataLoss: until Resume.
  const absl::Status& fault() const { return fault_; }
  // For whoever waits for it. After a push that has failed none can follow.
  absl::Status StatusOf(const Completion& completion);

  // The job has gone back, and whoever pushes has not said yet that he knows.
  bool taken_back() const { return taken_back_; }
  // He has. Only while taken_back() and granted(); the next step is base() + 1.
  void Resume();

  // Says how far the stream is, if there is something to say: the coordinator records it with the
  // next checkpoint. Repeated, since messages are lost.
  void Report(Micros now, Outbox* out);
  // When Report wants to be called, kForever: it does not; or with any other call.
  Micros next_report() const;

  static constexpr Micros kReportEvery = 100 * kMicrosPerMilli;
  static constexpr Micros kRepeatEvery = kMicrosPerSecond;

 private:
  MemberCore* const member_;
  ClientCore* const core_;
  StreamRef ref_;
  bool granted_ = false;
  StepIndex base_ = 0;
  uint64_t as_of_ = 0;  // The last rollback before it was granted.
  bool taken_back_ = false;
  absl::Status fault_;
  StepIndex reported_ = 0;
  Micros reported_at_ = 0;
};

}  // namespace cairn
