// The coordinator's state machine: the job, membership, map, streams, evaluation, convergence, the
// end. It may start without a job, and then waits for one to be submitted, or with what a former
// life has decided, and then goes on from there.
// Decisions are records; a record is applied here and handed to the shell, which makes it durable
// before it sends the messages of the same call. No thread, socket, file or clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time_source.h"
#include "coordinator/coordinator_times.h"
#include "coordinator/evaluation.h"
#include "coordinator/job_state.h"
#include "transport/outbox.h"

namespace cairn {

// The directories of a job: the model that it starts from, where its own will be, and that of its
// checkpoints.
struct JobDirectories {
  std::string init_dir;
  std::string save_dir;
  CheckpointPlan checkpoints = {};
};

// What was found there.
struct OpenedDirectories {
  std::vector<InitFile> init_files;               // Of init_dir, in partition order.
  std::shared_ptr<const JobState> restored = {};  // Of the checkpoint to resume from, if any.
  uint64_t checkpoint = 0;                        // The highest number of any that is there.
};

// Snapshots that are to become a model, or a checkpoint, by what is written behind them.
struct ManifestFile {
  uint64_t checkpoint = 0;  // 0: the job's model.
  std::string directory;
  std::string text;                   // Of MANIFEST, written last.
  std::vector<std::byte> state = {};  // Of JOB; empty: there is none.
};

// Checkpoints that may be removed: of numbers below `below`, all but these.
struct PrunedCheckpoints {
  std::string directory;
  std::set<uint64_t> kept;
  uint64_t below = 0;
};

struct CoordinatorActions {
  LogBatch log;  // Make this durable, as a whole, before anything else.
  Outbox messages;
  std::optional<ManifestFile> manifest;    // Write it, then ManifestWritten.
  std::vector<std::string> obsolete;       // Files of plan.save_dir that no manifest will name.
  std::optional<PrunedCheckpoints> prune;  // Remove them.
  std::optional<JobDirectories> open_job;  // Look into them (OpenDirectories), then JobOpened.
  std::vector<std::string> warnings;       // For people.
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
  uint64_t bytes_sent = 0, bytes_received = 0;  // Of all members; 0 within one process.
  uint64_t frames_refused = 0;                  // Of everybody.
};

// The result's code as a Status: what ExitCode (cairn/train.h) turns back into the code.
absl::Status StatusOf(const JobResult& result);
// Adds a partition's part of the model's digest to the sum.
void AddDigest(const SnapshotDone& part, uint64_t* high, uint64_t* low);
// The exit code for an error of opening a job.
int32_t CodeOf(const absl::Status& status);

class CoordinatorCore {
 public:
  struct Options {
    ProcessId self;
    uint64_t job_id = 0;  // Random, not 0.
    // The job, opened already; absent: it waits for a Submit.
    std::optional<JobDefinition> given;
    CoordinatorTimes times;
    OpenedDirectories opened;  // The given job's.
    // By the records of former lives; then there is no given job, and no job_id of this one's.
    std::optional<JobState> resumed;
    std::function<ProcessUsage()> usage;  // Of the coordinator's own process; may be empty.
  };

  CoordinatorCore(Options options, Micros now, CoordinatorActions* out);

  void Receive(const MessagePtr& message, Micros now, CoordinatorActions* out);
  void Tick(Micros now, CoordinatorActions* out);
  Micros next_tick() const { return next_tick_; }
  // `checkpoint` as in the ManifestFile.
  void ManifestWritten(uint64_t checkpoint, const absl::Status& status, Micros now,
                       CoordinatorActions* out);
  // The answer to open_job, or why the job cannot be run.
  void JobOpened(absl::StatusOr<OpenedDirectories> opened, Micros now, CoordinatorActions* out);
  // Ends the job from outside: Ctrl-C, or the program that embeds the cluster.
  void Stop(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);
  // Somebody saw this process die: its members are lost now, not when their leases end.
  void ProcessDied(const MemberDead& dead, Micros now, CoordinatorActions* out);

  // Everybody has left, or had long enough to: the shell may end.
  bool finished() const { return phase_ == JobPhase::kFinished; }
  const JobState& state() const { return state_; }
  const JobResult& result() const { return result_; }
  // Lists epochs from `epochs_from` on, and as many members and epochs as a StatusReply may.
  JobStatus status(Micros now, uint64_t epochs_from = 0) const;

 private:
  static constexpr char kLetGo[] = "the job goes on without this server";
  // What is known of a member besides what the log says.
  struct Volatile {
    Micros heard = 0;
    uint32_t capacity = 0;
    uint64_t map_index = 0;
    uint64_t grants_index = 0;
    ProcessUsage usage;
    bool leaving = false;       // A server: it waits for a checkpoint, to be let go.
    uint64_t alone_number = 0;  // Of its last announcement:
    StepAlone alone;            // what it is about, if it is about one step; step 0: it is not.
  };
  // Of the checkpoint that is being taken.
  struct Taking {
    std::set<uint32_t> scanned;                // bsp: partitions that wait for the cut.
    StepIndex version = 0;                     // bsp: the highest of theirs.
    std::map<uint32_t, SnapshotDone> written;  // By partition.
    Micros heard = 0;                          // When it began, or the last answer came.
    Micros repeat_at = 0;
    bool manifest_asked = false;
  };
  // Interrupted: the job ends so, once it has one more checkpoint to go on from.
  struct Interrupted {
    std::string message;
    Micros until = 0;  // Not later.
  };
  // A job that was submitted, while its directories are looked at.
  struct Opening {
    ProcessId submitter;
    Submit submit;
  };

  // Records.
  void Decide(LogRecord record, CoordinatorActions* out);

  // After a former life.
  void Resume(JobState state, Micros now, CoordinatorActions* out);
  void ResumeTraining(Micros now, CoordinatorActions* out);

  // Members and the job.
  void CreateJob(JobDefinition job, OpenedDirectories opened, Micros now, CoordinatorActions* out);
  void OnSubmit(const Message& message, const Submit& submit, Micros now, CoordinatorActions* out);
  std::optional<JobEnd> RefusalOf(const Submit& submit) const;
  std::optional<JobEnd> RefusalOf(const Hello& hello) const;
  std::optional<JobEnd> EndedRefusal(const Hello& hello) const;
  bool IsOneTooMany(const Hello& hello) const;
  void LoseFormerLife(const Hello& hello, Micros now, CoordinatorActions* out);
  void AddMember(const ProcessId& id, const Hello& hello, Micros now, CoordinatorActions* out);
  void SendWelcome(uint32_t process, const ProcessId& to, Micros now, CoordinatorActions* out);
  void OnHello(const Message& message, const Hello& hello, Micros now, CoordinatorActions* out);
  void OnHeartbeat(const Message& message, const Heartbeat& beat, Micros now,
                   CoordinatorActions* out);
  void OnGoodbye(const Message& message, const Goodbye& bye, Micros now, CoordinatorActions* out);
  void OnLeaving(const MemberState& server, Micros now, CoordinatorActions* out);
  void LetGo(const ProcessId& server, Micros now, CoordinatorActions* out);
  void LetLeaversGo(Micros now, CoordinatorActions* out);
  void ForgiveSilence(Micros now);
  void ExpireMembers(Micros now, CoordinatorActions* out);
  void RemoveMember(uint32_t process, CoordinatorActions* out);
  void LoseMember(uint32_t process, const std::string& how, Micros now, CoordinatorActions* out);
  const MemberState* FindMember(const ProcessId& id) const;
  const MemberState* FindLife(uint64_t incarnation) const;
  uint32_t CountOf(Role role) const;
  uint32_t CountOfStreamRunners() const { return CountOf(Role::kWorker); }
  void Send(const ProcessId& to, Body body, CoordinatorActions* out) const;
  void TellMembers(CoordinatorActions* out);
  void TellMember(const MemberState& member, CoordinatorActions* out);
  void MaybeForm(Micros now, CoordinatorActions* out);
  void PlacePartitions(Micros now, CoordinatorActions* out);
  std::vector<ProcessId> ServersThatStay() const;
  std::vector<PartitionEntry> PlaceOnServers() const;
  void CheckDeadlines(Micros now, CoordinatorActions* out);
  void CheckWorkers(Micros now, CoordinatorActions* out);

  // For people: what is missing.
  std::string Missing() const;
  std::string MissingSnapshots() const;
  std::string WaitingFor(Micros now) const;
  std::vector<MemberStatus> ListMembers(Micros now) const;

  // Streams.
  bool Fixed() const { return state_.job.mode.consistency != Consistency::kAsp; }
  void OpenEpoch(CoordinatorActions* out);
  void RaiseFloor(CoordinatorActions* out);
  void OpenEvaluation(CoordinatorActions* out);
  void OpenClientStreams(CoordinatorActions* out);
  void OpenClientStream(const MemberState& member, CoordinatorActions* out);
  void OpenClientWorks(StreamId first, CoordinatorActions* out);
  std::map<StreamId, uint32_t> HeldByClients() const;
  void GiveBack(const std::map<StreamId, uint32_t>& held, CoordinatorActions* out);
  void LeaseStreams(CoordinatorActions* out);
  uint32_t WorkerFor(const std::map<uint32_t, uint32_t>& load, bool always) const;
  void OnProgress(const Message& message, const Progress& progress, Micros now,
                  CoordinatorActions* out);
  void OnEvaluationResult(const Message& message, const EvaluationResult& result, Micros now,
                          CoordinatorActions* out);
  bool MaybeCloseEvaluation(StreamId id, CoordinatorActions* out);
  bool MaybeEndEvaluation(Micros now, CoordinatorActions* out);
  void OnStepAlone(const Message& message, const StepAlone& alone, CoordinatorActions* out);
  void SuspectWorkOf(uint32_t process, CoordinatorActions* out);
  bool IsOver(const StreamState& stream, StepIndex step) const;
  void Blame(const StepAlone& alone, CoordinatorActions* out);
  bool TooMuchLeftOut() const;
  std::string LeftOut() const;
  std::string BatchName(const StreamState& stream, StreamId id, StepIndex step) const;
  bool EpochComplete() const;
  std::string Divergence(const StreamState& stream, const Progress& progress) const;
  std::string WhatIsLeft() const;
  void MaybeEndEpoch(Micros now, CoordinatorActions* out);
  void EndEpoch(Micros now, CoordinatorActions* out);
  void GoOnOrEnd(Micros now, CoordinatorActions* out);

  // Checkpoints, and going back to one.
  std::string CheckpointPath(uint64_t id) const;
  Micros CheckpointEvery() const;
  bool MayTakeCheckpoint() const;
  void AdvanceCheckpoint(Micros now, CoordinatorActions* out);
  uint64_t MaySince() const;
  void BeginCheckpoint(Micros now, CoordinatorActions* out);
  void RequestCheckpoint(CoordinatorActions* out) const;
  void EndWithLastCheckpoint(Micros now, CoordinatorActions* out);
  void OnCheckpointPart(const SnapshotDone& done, Micros now, CoordinatorActions* out);
  void MaybeCut(Micros now, CoordinatorActions* out);
  void NameCheckpoint(CoordinatorActions* out);
  void CheckpointWritten(uint64_t id, const absl::Status& status, Micros now,
                         CoordinatorActions* out);
  void AbandonCheckpoint(const std::string& why, CoordinatorActions* out);
  void DropCheckpoint(CoordinatorActions* out);
  void Prune(CoordinatorActions* out) const;
  bool NeedsRollback() const;
  std::string NoWayBack() const;
  void OnServerLost(const std::string& which, Micros now, CoordinatorActions* out);
  void MaybeRollBack(Micros now, CoordinatorActions* out);
  std::string WhereToResume() const;
  void RollBack(uint64_t checkpoint, Micros now, CoordinatorActions* out);
  void GoOnAsOf(Micros now, CoordinatorActions* out);
  void OnNotLoaded(const SnapshotDone& done, Micros now, CoordinatorActions* out);

  // The end.
  bool KeepsBest() const;
  void OpenNextEpoch(CoordinatorActions* out);
  void BeginSaving(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);
  void TakeSnapshots(Micros now, CoordinatorActions* out);
  void Conclude(Micros now, CoordinatorActions* out);
  void Discard(const std::vector<SnapshotDone>& files, CoordinatorActions* out) const;
  void RequestSnapshots(CoordinatorActions* out) const;
  void OnSnapshotDone(const Message& message, const SnapshotDone& done, Micros now,
                      CoordinatorActions* out);
  void OnModelPart(const SnapshotDone& done, Micros now, CoordinatorActions* out);
  std::string ManifestText() const;
  void End(int32_t code, const std::string& message, Micros now, CoordinatorActions* out);
  void BeginFarewell(Micros now, CoordinatorActions* out);
  void Announce(CoordinatorActions* out) const;
  void FinishIfAlone(CoordinatorActions* out);
  void Finish(CoordinatorActions* out);

  const ProcessId self_;
  const uint64_t job_id_;
  const CoordinatorTimes times_;
  const std::function<ProcessUsage()> usage_;
  JobState state_;
  JobPhase phase_ = JobPhase::kIdle;
  Micros started_ = 0;  // The phase kIdle, then kForming.
  // Lives that were told to wait for a job and have not come since: they are to hear of its end.
  std::set<uint64_t> told_to_wait_;
  std::optional<Opening> opening_;
  Micros training_started_ = 0;
  Micros repeat_at_ = 0;
  Micros farewell_until_ = 0;
  Micros next_tick_ = 0;
  std::map<uint32_t, Volatile> volatile_;
  uint64_t bytes_sent_ = 0, bytes_received_ = 0;  // Of members who are gone.
  uint64_t frames_refused_ = 0;                   // Likewise.
  std::optional<Micros> workerless_since_;        // While there ought to be workers.
  uint32_t workers_lost_ = 0;
  std::string last_lost_;        // Worker: which one, and how.
  std::set<StreamId> unleased_;  // Open, and nobody runs them.
  std::optional<Evaluation> evaluation_;
  std::map<uint32_t, SnapshotDone> snapshots_;  // Of those under way, by partition.
  bool goes_on_ = false;       // The training, once the snapshots under way are complete.
  Micros snapshot_heard_ = 0;  // When saving began, or the last partition's answer came.
  bool manifest_asked_ = false;
  bool stop_when_placed_ = false;  // Stop came before the servers did.
  std::optional<Interrupted> interrupted_;
  bool stop_asked_ = false;  // Stop came: whatever happens, the model is to be saved.
  Taking taking_;            // While state_.taking.
  Micros checkpoint_due_ = 0;
  StepIndex cut_ahead_ = 0;                 // bsp: see MaybeCut.
  std::string alarm_;                       // Why the last checkpoint was given up.
  std::optional<Micros> serverless_since_;  // While partitions are without a primary.
  std::string last_server_lost_;
  int32_t pending_code_ = 0;
  std::string pending_message_;
  bool clients_came_ = false;
  uint64_t told_map_ = 0;
  uint64_t told_grants_ = 0;
  JobResult result_;
};

}  // namespace cairn
