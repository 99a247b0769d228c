// The coordinator's state machine: membership, map, streams, evaluation, convergence, the end.
// Decisions are records; a record is applied here and handed to the shell, which makes it durable
// before it sends the messages of the same call. No thread, socket, file or clock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time_source.h"
#include "coordinator/evaluation.h"
#include "coordinator/job_plan.h"
#include "coordinator/job_state.h"
#include "transport/outbox.h"

namespace cairn {

struct CoordinatorActions {
  std::vector<std::pair<uint64_t, LogRecord>> log;  // Append these, in order, before anything else.
  Outbox messages;
  std::optional<std::string> manifest;  // Write as MANIFEST of plan.save_dir, then ManifestWritten.
};

// How the job went, for reports. Complete once finished() is true.
struct JobResult {
  int32_t code = 0;  // Exit code of the command line.
  std::string message;
  std::vector<EpochRecord> epochs;
  uint64_t rows = 0;      // Trained, all epochs.
  uint64_t features = 0;  // Rows of the sparse tables; only with a digest or a saved model.
  uint64_t digest_high = 0, digest_low = 0;
  double train_seconds = 0;  // From the first lease to the end of the last epoch.
};

// The result's code as a Status: what ExitCode (cairn/train.h) turns back into the code.
absl::Status StatusOf(const JobResult& result);

class CoordinatorCore {
 public:
  struct Options {
    ProcessId self;
    JobSpec job;
    JobPlan plan;
    CoordinatorTimes times;
    std::vector<InitFile> init_files;  // Snapshot files of job.init_dir, in partition order.
  };

  CoordinatorCore(Options options, Micros now, CoordinatorActions* out);

  void Receive(const MessagePtr& message, Micros now, CoordinatorActions* out);
  void Tick(Micros now, CoordinatorActions* out);
  Micros next_tick() const { return next_tick_; }
  void ManifestWritten(const absl::Status& status, Micros now, CoordinatorActions* out);
  // Ends the job from outside: Ctrl-C, or the program that embeds the cluster.
  void Stop(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);

  // Everybody has left, or had long enough to: the shell may end.
  bool finished() const { return phase_ == Phase::kFinished; }
  const JobState& state() const { return state_; }
  const JobResult& result() const { return result_; }

  // For progress displays: where training is.
  struct Status {
    const char* phase = "";
    uint64_t epoch = 0;         // The one that is being trained, from 0.
    uint64_t batches_done = 0;  // Of this epoch.
    uint64_t batches = 0;
    uint64_t rows = 0;        // Of this epoch.
    double loss_sum = 0;      // Of this epoch.
    std::string waiting_for;  // What is missing, when something is.
    std::vector<EpochRecord> epochs;
  };
  Status status(Micros now) const;

 private:
  enum class Phase : uint8_t {
    kForming,  // Waiting for the members that the plan names.
    kServing,  // User programs push what they like.
    kTraining,
    kEvaluating,
    kSaving,    // Snapshots (or digests) of all partitions, then the manifest.
    kFarewell,  // The end was announced.
    kFinished,
  };
  // What is known of a member besides what the log says.
  struct Volatile {
    Micros heard = 0;
    uint32_t capacity = 0;
    uint64_t map_index = 0;
    uint64_t grants_index = 0;
  };
  // What the running attempt has reported so far, to tell new rows from old ones.
  struct AttemptSums {
    uint32_t attempt = 0;
    uint64_t rows = 0;
    double loss_sum = 0;
  };

  // Records.
  void Decide(LogRecord record, CoordinatorActions* out);

  // Members.
  void OnHello(const Message& message, const Hello& hello, Micros now, CoordinatorActions* out);
  void OnHeartbeat(const Message& message, const Heartbeat& beat, Micros now,
                   CoordinatorActions* out);
  void OnGoodbye(const Message& message, const Goodbye& bye, Micros now, CoordinatorActions* out);
  void ExpireMembers(Micros now, CoordinatorActions* out);
  void RemoveMember(uint32_t process, CoordinatorActions* out);
  const MemberState* FindMember(const ProcessId& id) const;
  uint32_t CountOf(Role role) const;
  uint32_t CountOfStreamRunners() const { return CountOf(Role::kWorker); }
  void Send(const ProcessId& to, Body body, CoordinatorActions* out) const;
  void TellMembers(CoordinatorActions* out);
  void TellMember(const MemberState& member, CoordinatorActions* out);
  void MaybeForm(Micros now, CoordinatorActions* out);
  std::string Missing() const;

  // Streams.
  bool Fixed() const { return state_.job.mode.consistency != Consistency::kAsp; }
  void OpenEpoch(CoordinatorActions* out);
  void RaiseFloor(CoordinatorActions* out);
  void OpenEvaluation(CoordinatorActions* out);
  void OpenClientStream(const MemberState& member, CoordinatorActions* out);
  void LeaseStreams(CoordinatorActions* out);
  uint32_t WorkerFor(const std::map<uint32_t, uint32_t>& load, bool always) const;
  void OnProgress(const Message& message, const Progress& progress, Micros now,
                  CoordinatorActions* out);
  void OnEvaluationResult(const Message& message, const EvaluationResult& result, Micros now,
                          CoordinatorActions* out);
  bool EpochComplete() const;
  void MaybeEndEpoch(Micros now, CoordinatorActions* out);
  void EndEpoch(Micros now, CoordinatorActions* out);

  // The end.
  void BeginSaving(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);
  void RequestSnapshots(CoordinatorActions* out) const;
  void OnSnapshotDone(const Message& message, const SnapshotDone& done, Micros now,
                      CoordinatorActions* out);
  std::string ManifestText() const;
  void End(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);
  void Announce(CoordinatorActions* out) const;

  const ProcessId self_;
  const CoordinatorTimes times_;
  const std::vector<InitFile> init_files_;
  JobState state_;
  Phase phase_ = Phase::kForming;
  Micros started_ = 0;
  Micros training_started_ = 0;
  Micros repeat_at_ = 0;
  Micros farewell_until_ = 0;
  Micros next_tick_ = 0;
  std::map<uint32_t, Volatile> volatile_;
  std::map<StreamId, AttemptSums> attempt_sums_;
  std::set<StreamId> unleased_;  // Open, and nobody runs them.
  StreamId next_evaluation_ = kEvaluationBit;
  std::optional<Evaluation> evaluation_;
  std::map<uint32_t, SnapshotDone> snapshots_;
  bool manifest_asked_ = false;
  bool stop_when_placed_ = false;  // Stop came before the servers did.
  int32_t pending_code_ = 0;
  std::string pending_message_;
  bool clients_came_ = false;
  uint64_t told_map_ = 0;
  uint64_t told_grants_ = 0;
  JobResult result_;
};

}  // namespace cairn
