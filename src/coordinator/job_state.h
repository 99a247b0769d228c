// The coordinator's decisions as records, and the state that they fold into. A decision takes
// effect by being applied here, after it was appended to the job log and before anybody hears of
// it; replaying the log gives the same state.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "cairn/job.h"
#include "wire/job_plan.h"
#include "wire/message.h"

namespace cairn {

// ---- Records --------------------------------------------------------------------------------

struct JobCreated {
  JobSpec job;
  JobPlan plan;
  uint64_t id = 0;  // Random; tells this job from others that ran at the same address.
  std::vector<InitFile> init_files = {};  // Of job.init_dir, in partition order.
};
struct MemberJoined {
  ProcessId id;
  Role role = Role::kWorker;
  std::string address;
  std::string host;
  uint32_t pid = 0;
};
struct MemberLeft {
  uint32_t process = 0;
};
struct MapChanged {
  std::vector<PartitionEntry> partitions;
};
// Opens streams first .. first + works.size() - 1, all with the same limit.
struct StreamsOpened {
  StreamId first = 0;
  StepIndex limit = 0;
  std::vector<StreamWork> works;
};
// A new attempt, from the recorded progress. worker 0: nobody, the stream waits.
struct StreamLeased {
  StreamId stream = 0;
  uint32_t attempt = 0;
  uint32_t worker = 0;
};
struct StreamProgressed {
  StreamRef ref;
  StepIndex step = 0;
  uint64_t rows = 0;        // Since the last such record.
  double loss_sum = 0;      // Likewise, as the next.
  double extra_weight = 0;  // As in Progress.
};
struct StreamClosed {
  StreamId stream = 0;
};
// Its worker was lost, and nobody knows by what: steps up to this one are run alone.
struct StreamSuspected {
  StreamId stream = 0;
  StepIndex until = 0;
};
// A worker was lost while it did this step, and nothing else.
struct StepBlamed {
  StreamId stream = 0;
  StepIndex step = 0;
};
// bsp, ssp: all fixed streams may go on to this step.
struct LimitRaised {
  StepIndex limit = 0;
};
// Streams below are closed and forgotten.
struct FloorRaised {
  StreamId floor = 0;
};
struct EpochEnded {
  EpochRecord record;
};
// Snapshots of all partitions are taken; ids rise. Of a training's end, or to keep its best epoch;
// or a checkpoint while the job goes on, which is then as of the streams' progress of this moment
// (asp, ssp).
struct CheckpointBegun {
  uint64_t id = 0;
  bool is_checkpoint = false;
  uint64_t since = 0;  // A checkpoint: partitions may write increments on this one; 0: on none.
};
// bsp: the checkpoint that was begun is as of this step.
struct CheckpointCut {
  StepIndex step = 0;
};
// It is complete, and can be restored. By partition, what was written for it.
struct CheckpointCommitted {
  std::vector<SnapshotDone> files;
};
// It is given up.
struct CheckpointAbandoned {
  uint64_t id = 0;
};
// A server is lost, or the job goes on from a former one's checkpoint: all partitions, streams and
// epochs are as they were in this checkpoint. Newer ones are forgotten.
struct RolledBack {
  uint64_t checkpoint = 0;
  std::vector<PartitionEntry> partitions;
};
// A checkpoint whose files cannot be read is forgotten.
struct CheckpointDamaged {
  uint64_t id = 0;
};
// They are complete: what may be the job's model, and is if nothing better comes. By partition.
struct ModelKept {
  uint64_t epoch = 0;  // So many were done.
  std::vector<SnapshotDone> files;
};
struct JobEnded {
  int32_t code = 0;
  std::string message;
  // With a digest or a saved model, else 0: rows of the sparse tables, and the digest.
  uint64_t features = 0;
  uint64_t digest_high = 0, digest_low = 0;
  double train_seconds = 0;
};

struct JobState;
// Instead of JobCreated: the job goes on from what a checkpoint says of it.
struct JobRestored {
  std::shared_ptr<const JobState> state;  // Not null.
};

using LogRecord = std::variant<JobCreated, MemberJoined, MemberLeft, MapChanged, StreamsOpened,
                               StreamLeased, StreamProgressed, StreamClosed, LimitRaised,
                               FloorRaised, EpochEnded, CheckpointBegun, ModelKept, JobEnded,
                               CheckpointCut, CheckpointCommitted, CheckpointAbandoned, RolledBack,
                               CheckpointDamaged, JobRestored, StreamSuspected, StepBlamed>;

// What was decided at once, and takes effect as a whole or not at all.
struct LogBatch {
  uint64_t first_index = 0;  // Of records[0]; they are numbered from 1 on, without a hole.
  std::vector<LogRecord> records;

  bool empty() const { return records.empty(); }
};

// ---- State ----------------------------------------------------------------------------------

// Evaluation streams live in an id space of their own: servers never hear of them.
inline constexpr StreamId kEvaluationBit = StreamId{1} << 63;

struct MemberState {
  ProcessId id;
  Role role = Role::kWorker;
  std::string address;
  std::string host;
  uint32_t pid = 0;
};

struct StreamState {
  StreamWork work;
  uint32_t attempt = 0;
  StepIndex progress = 0;
  StepIndex limit = 0;
  uint32_t worker = 0;  // 0: nobody.
  // What this attempt has reported so far, to tell new rows from old ones.
  uint64_t rows = 0;
  double loss_sum = 0;
  double extra_weight = 0;
  StepIndex alone_until = 0;  // As StreamSuspected.
  uint32_t suspicions = 0;    // So often, since it came further.
};

// A step that workers have died of.
struct StepBlame {
  StepIndex step = 0;
  uint32_t deaths = 0;

  bool is_skipped() const { return deaths >= kDeathsOfOne; }
  // Besides the one before, of which nobody knew the cause.
  static constexpr uint32_t kDeathsOfOne = 2;
};

// How far the training is: what a rollback takes back.
struct TrainingState {
  StreamId floor = 0;
  uint64_t epochs_opened = 0;               // Of training; epochs that have ended are in `epochs`.
  std::vector<StreamId> closed;             // bsp, ssp; ascending.
  std::map<StreamId, StreamState> streams;  // Open ones, evaluation streams included.
  uint64_t epoch_rows = 0;                  // Of the epoch that is being trained.
  double epoch_loss_sum = 0;
  double epoch_extra_weight = 0;
  uint64_t rows_total = 0;
  std::vector<EpochRecord> epochs;
};

struct CheckpointState {
  uint64_t id = 0;
  StepIndex cut = kOwnMoment;  // bsp: the step; kCutToCome: it is not chosen yet.
  TrainingState training;      // Every partition has all of this, and perhaps more.
  // By partition: of each the file of all its rows, then the increments on it. Empty while it is
  // taken.
  std::vector<SnapshotDone> files;
  uint64_t since = 0;       // As CheckpointBegun.
  uint64_t base = 0;        // Going back by `since`: the first one, which has all rows.
  uint32_t increments = 0;  // From that one to this.
};

struct JobState : TrainingState {
  uint64_t index = 0;  // Of the last record.
  JobSpec job;
  JobPlan plan;
  uint64_t job_id = 0;  // 0: there is no job yet.
  std::vector<InitFile> init_files;
  std::map<uint32_t, MemberState> members;  // By process; only those who are there.
  uint32_t next_process = 1;
  std::vector<PartitionEntry> partitions;
  uint64_t map_index = 0;       // Of the last record that servers and clients must know.
  uint64_t grants_index = 0;    // Of the last record that changed a grant.
  uint64_t rollback_index = 0;  // Of the last RolledBack.
  StreamId opened = 0;
  StreamId next_evaluation = kEvaluationBit;
  // asp: the first stream of each epoch that was ever opened. After a rollback it is opened as the
  // same ones again: partitions may have been written with steps of them already.
  std::map<uint64_t, StreamId> epoch_streams;
  // By the steps' order of dying. Those of evaluations, which have the same batches each time, are
  // together under kEvaluationBit, with the number of the batch, from 1 on, as their step.
  std::map<StreamId, std::vector<StepBlame>> blames;
  uint32_t attempts = 0;      // The highest attempt of any stream,
  uint32_t attempt_base = 0;  // and that was it at the last rollback.
  uint64_t checkpoint = 0;    // The last one that was begun.
  std::optional<CheckpointState> taking;
  std::vector<CheckpointState> checkpoints;  // That can be restored; ids rise.
  uint64_t restored = 0;                     // Which of them partitions began with; 0: none.
  uint64_t rollbacks = 0;
  ModelKept kept;  // Without files: there is none yet.
  bool ended = false;
  JobEnded end;

  // CHECKs nothing: what comes from outside has passed CheckRecord.
  void Apply(const LogRecord& record);

  // The mean loss of the rows of the epoch so far, weighted; NaN if they have no weight.
  double EpochLoss() const;

  // The messages that tell others of this state.
  MapUpdate MakeMap() const;
  const CheckpointState* FindCheckpoint(uint64_t id) const;  // Among those that can be restored.
  // All files of a checkpoint for which these were written, by partition, of increments on `since`.
  std::vector<SnapshotDone> WithFormerFiles(uint64_t since,
                                            std::vector<SnapshotDone> written) const;
  Grants MakeGrants(uint32_t worker) const;

  // Steps that are run as if they had no rows, and batches of evaluations that are left out.
  uint64_t skipped() const;
  bool SkipsEvaluationOf(uint64_t batch) const;
};

// kInvalidArgument: the state has no such stream, or no job, as the record is of. For records that
// were read from a file.
absl::Status CheckRecord(const JobState& state, const LogRecord& record);

// "checkpoint-7": where what was written for it is, in the directory of checkpoints.
std::string CheckpointDirectory(uint64_t id);

// Leaves the `kept` newest (at least 1) of those that can be restored. If they are several, and all
// build on the same base, the newest one that does not stays too: one damaged file must not be the
// end of all.
void ForgetOldCheckpoints(uint32_t kept, std::vector<CheckpointState>* checkpoints);

}  // namespace cairn
