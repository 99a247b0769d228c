// The client's state machine: cuts pulls and pushes into messages for the servers that hold the
// partitions, repeats what is not answered, follows the map, and keeps every stream's chain of
// stamps. No thread, socket or clock: client.cc, the trainer and the simulator are its shells.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/time_source.h"
#include "cairn/job.h"
#include "transport/member_core.h"
#include "transport/outbox.h"
#include "worker/payload.h"
#include "worker/pulled_values.h"
#include "worker/request_builder.h"

namespace cairn {

using OpId = uint64_t;
inline constexpr Micros kNoDeadline = INT64_MAX;

// What became of a pull or a push.
struct Completion {
  enum class Code : uint8_t {
    kOk,
    kPassed,  // bsp pull: the step is complete everywhere; go on with the next one.
    kFenced,  // Another attempt runs this stream: drop it.
    kError,   // `status` says what; a push may still be applied if it was kDeadlineExceeded.
  };
  OpId op = 0;
  bool is_push = false;
  StreamRef ref;
  StepIndex step = 0;
  Code code = Code::kOk;
  absl::Status status;
  PulledValues values;  // Pull.
};

class ClientCore {
 public:
  struct Options {
    CutSizes sizes;
    Micros retry_after = 300'000;  // Doubles with every repetition, up to retry_after_max.
    Micros retry_after_max = 3'000'000;
    Micros come_again_after = 10'000;  // After "not primary" and "behind"; doubles, to 32 times.
    bool rollback_check = true;        // Off in tests only: see MaySend.
  };

  // `member` outlives the core and tells it the map and who it is. Joined already.
  ClientCore(const JobSpec& job, MemberCore* member, Options options);

  // Streams that run here. A run must be open before its first pull or push; `base` is the recorded
  // progress that it starts from. Dropping cancels what is under way, without completions.
  void OpenRun(const StreamRef& ref, StepIndex base);
  void DropRun(const StreamRef& ref);
  bool HasRun(const StreamRef& ref) const;
  // Every step <= this is acknowledged by all the partitions that it touches.
  StepIndex ProgressOf(const StreamRef& ref) const;

  struct PullRequest {
    Pull::Kind kind = Pull::Kind::kTraining;
    StreamRef ref;       // kTraining only.
    StepIndex step = 0;  // kTraining only.
    std::shared_ptr<const PullPayload> payload;
    // asp, ssp: the values include this step of the stream, acknowledged or not (fused PushPull).
    StepIndex after_push = 0;
    Micros deadline = kNoDeadline;
  };
  OpId StartPull(PullRequest request, Micros now, Outbox* out);

  struct PushRequest {
    StreamRef ref;
    StepIndex step = 0;  // Steps of a run are pushed in order, none left out.
    std::shared_ptr<const PushPayload> payload;
    Micros deadline = kNoDeadline;
  };
  OpId StartPush(PushRequest request, Micros now, Outbox* out);

  // The step was complete before this run came to it (kPassed): the run goes on behind it.
  void SkipStep(const StreamRef& ref, StepIndex step, Micros now, Outbox* out);

  // PushReply and PullReply; anything else is ignored.
  void Receive(const Message& message, Micros now, Outbox* out);
  // The member core has a newer map.
  void OnMap(Micros now, Outbox* out);
  void Tick(Micros now, Outbox* out);
  Micros next_tick() const { return next_tick_; }

  // What has completed since the last call, in order of completion.
  std::vector<Completion> TakeCompletions() { return std::exchange(completions_, {}); }
  uint64_t bytes_in_flight() const { return bytes_in_flight_; }
  size_t ops_in_flight() const { return pulls_.size() + pushes_in_flight_; }

 private:
  // One partition's part of an operation.
  struct Part {
    uint32_t partition = 0;
    StepIndex prev = 0;  // Push.
    StepIndex min = 0;   // Pull.
    bool answered = false;
    bool name_ids = true;  // Push: until the server says that it does not remember the pull.
  };
  struct Op {
    OpId id = 0;
    StreamRef ref;
    StepIndex step = 0;
    std::vector<Part> parts;
    size_t unanswered = 0;
    uint64_t bytes = 0;
    Micros deadline = kNoDeadline;
    Micros retry_at = 0;
    uint32_t tries = 0;
    bool sent = false;
    bool reported = false;  // Its completion was given already (deadline), it only goes on.
  };
  struct PullOp : Op {
    PullRequest request;
    PulledValues values;  // By part.
  };
  struct PushOp : Op {
    std::shared_ptr<const PushPayload> payload;  // Null: a step that is skipped.
    std::vector<OpId> pulled;                    // See PushContent.
  };
  // A pull whose ids the push of its step may name.
  struct PulledStep {
    OpId request = 0;
    StepIndex step = 0;
    std::shared_ptr<const PullPayload> payload;
  };
  struct Run {
    StreamRef ref;
    StepIndex progress = 0;
    StepIndex last_started = 0;
    std::vector<StepIndex> touched;  // By partition: the last step started there; 0 = none.
    std::vector<StepIndex> acked;    // By partition: the last step acknowledged there.
    std::vector<Micros> rewound_at;  // By partition: when a hole was last filled again.
    std::deque<PushOp> pushes;       // By step; the front is the oldest unacknowledged one.
    std::deque<PulledStep> pulled;   // The newest ones, of steps that were not yet pushed.
  };

  Run* FindRun(const StreamRef& ref);
  static std::vector<OpId> TakePulled(Run* run, const PushRequest& request);
  bool MaySend(bool is_stream) const;
  absl::Status CheckPartSizes(const PullOp& op) const;
  void SendPull(PullOp* op, Micros now, Outbox* out);
  void SendPush(PushOp* op, Micros now, Outbox* out);
  void SendPushParts(const PushOp& op, const std::vector<size_t>& parts, Outbox* out);
  template <typename Target, typename Fill>
  std::map<ProcessId, std::vector<Target>> ByServer(const std::vector<Part>& parts,
                                                    const std::vector<size_t>& chosen, Fill fill);
  const std::string* AddressOf(const ProcessId& id) const;
  void OnPullReply(const Message& message, const PullReply& reply, Micros now);
  static void StorePart(PullOp* op, const PullReply& reply, const PullResult& result);
  void OnPushReply(const Message& message, const PushReply& reply, Micros now, Outbox* out);
  void Rewind(Run* run, uint32_t partition, StepIndex last, Micros now, Outbox* out);
  void PopAcknowledged(Run* run, Micros now, Outbox* out);
  void FailRun(Run* run, Completion::Code code, const absl::Status& status);
  void Complete(const Op& op, bool is_push, Completion::Code code, absl::Status status);
  absl::Status LateError(const Op& op, bool is_push) const;
  Micros Backoff(uint32_t tries) const;
  Micros ComeAgainAfter(uint32_t tries) const;
  void Schedule(Micros at) { next_tick_ = std::min(next_tick_, at); }
  bool Chained() const { return job_.mode.consistency != Consistency::kAsp; }

  const JobSpec job_;
  MemberCore* const member_;
  const Options options_;
  OpId next_op_ = 1;
  std::map<OpId, PullOp> pulls_;
  std::map<StreamId, Run> runs_;
  size_t pushes_in_flight_ = 0;
  uint64_t bytes_in_flight_ = 0;
  std::vector<Completion> completions_;
  Micros next_tick_ = INT64_MAX;
};

}  // namespace cairn
