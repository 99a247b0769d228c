// What travels between processes, as values. The bytes are src/wire/codec.h's business; in one
// process a Message is passed by pointer and never encoded. Words: doc/protocol.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "cairn/job.h"
#include "wire/job_plan.h"

namespace cairn {

// One life of one process. Process 0 is the coordinator; the others are numbered by it.
struct ProcessId {
  uint32_t process = 0;
  uint64_t incarnation = 0;  // Random; a restarted process is another one.

  auto operator<=>(const ProcessId&) const = default;
};

inline constexpr uint32_t kCoordinatorProcess = 0;
inline constexpr uint32_t kUnassignedProcess = 0xFFFFFFFF;  // A sender that was not welcomed yet.

enum class Role : uint8_t {
  kCoordinator = 0,
  kServer = 1,
  kWorker = 2,     // Runs the streams that the coordinator leases to it.
  kClient = 3,     // A program that decides itself what to push: it is given one stream of its own.
  kReader = 4,     // A program that only reads: no stream.
  kSubmitter = 5,  // Brought the job, follows it, and may end it.
};

using StreamId = uint64_t;   // Ids rise in the order in which the coordinator opens streams.
using StepIndex = uint64_t;  // Steps of a stream are counted from 1; 0 is "nothing yet".

inline constexpr StepIndex kStart = ~StepIndex{0};  // Push::prev: first touch above the base.

// Which life of which stream speaks.
struct StreamRef {
  StreamId stream = 0;
  uint32_t attempt = 0;

  auto operator<=>(const StreamRef&) const = default;
};

// ---- Control -------------------------------------------------------------------------------

// A process asks to be a member.
struct Hello {
  Role role = Role::kWorker;
  std::string address;        // Where this process can be reached; workers: may be empty.
  std::string kernel_target;  // Instruction set of its row math; bsp jobs pin one.
  std::string host = {};      // For people, and for MemberDead.
  uint32_t pid = 0;           // On that host.
  uint64_t job_id = 0;        // Of the job that this life has been welcomed to; 0: none yet.
  std::string job_name = {};  // The only job that it wants to join; empty: any.

  bool operator==(const Hello&) const = default;
};

// The Hello of a submitter: the job that an idle coordinator is to run. Repeated like any Hello.
struct Submit {
  Hello hello;
  JobDefinition job;

  bool operator==(const Submit&) const = default;
};

// "I am here, but cannot say Welcome yet": the text says why. Whoever gets it goes on asking.
struct Wait {
  std::string text;

  bool operator==(const Wait&) const = default;
};

// One snapshot file of the model that a job starts from. Those of one partition follow each other:
// one of all rows, then its increments.
struct InitFile {
  std::string path;
  uint32_t crc = 0;  // CRC32C of the whole file, by the model's manifest.
  uint32_t partition = 0;

  bool operator==(const InitFile&) const = default;
};

// The answer to Hello: who you are and what the job is.
struct Welcome {
  uint32_t process = kUnassignedProcess;
  JobSpec job;
  uint32_t heartbeat_ms = 500;
  // init_dir's snapshot files, in partition order; empty without init_dir.
  std::vector<InitFile> init_files;
  uint64_t job_id = 0;  // Random: tells jobs apart that ran at one address.

  bool operator==(const Welcome&) const = default;
};

// What a process has used so far.
struct ProcessUsage {
  uint64_t rss_bytes = 0;                       // Of memory, now.
  uint64_t cpu_ms = 0;                          // User and system, all threads.
  uint64_t bytes_sent = 0, bytes_received = 0;  // Encoded; 0 within one process.
  uint64_t frames_refused = 0;                  // Arrived, and were no messages.

  bool operator==(const ProcessUsage&) const = default;
};

// "I live"; asks for what is newer than the two indices. capacity: streams a worker has room for.
struct Heartbeat {
  uint64_t map_index = 0;
  uint64_t grants_index = 0;
  uint32_t capacity = 0;
  ProcessUsage usage = {};
  bool leaving = false;  // A server that was told to leave, and waits for JobEnd.

  bool operator==(const Heartbeat&) const = default;
};

// Who holds a partition.
struct PartitionEntry {
  uint64_t term = 0;
  ProcessId primary;

  bool operator==(const PartitionEntry&) const = default;
};

struct MemberAddress {
  ProcessId id;
  std::string address;

  bool operator==(const MemberAddress&) const = default;
};

// The partition map and the set of streams that servers serve: opened in [floor, opened).
struct MapUpdate {
  uint64_t index = 0;            // Version: position in the job log.
  uint64_t rollback_index = 0;   // Nobody pushes or pulls with an older map.
  StreamId floor = 0;            // Streams below are closed for good.
  StreamId opened = 0;           // Streams at or above do not exist yet.
  std::vector<StreamId> closed;  // bsp, ssp: streams in [floor, opened) that have ended.
  std::vector<PartitionEntry> partitions;
  std::vector<MemberAddress> servers;
  // To servers, after a rollback: the checkpoint that partitions are as of, in partition order.
  std::vector<InitFile> restored = {};
  uint64_t checkpoint = 0;  // Its number.

  bool operator==(const MapUpdate&) const = default;
};

// What a stream is to do.
struct StreamWork {
  enum class Kind : uint8_t {
    kTrain = 0,     // Steps 1..last are batches of the training data.
    kEvaluate = 1,  // Steps 1..last are batches of the validation data; nothing is pushed.
    kClient = 2,    // A user's program decides; last = 2^64 - 1.
  };
  Kind kind = Kind::kTrain;
  uint32_t slot = 0;         // bsp, ssp: which of the fixed streams.
  uint64_t epoch = 0;        // asp, kEvaluate: the epoch that the stream belongs to.
  uint64_t first_batch = 0;  // asp, kEvaluate: step 1's batch within that epoch.
  StepIndex last = 0;        // The last step of the stream.

  bool operator==(const StreamWork&) const = default;
};

struct Grant {
  StreamRef ref;
  StepIndex base = 0;   // Recorded progress: every step <= base is in every partition.
  StepIndex limit = 0;  // Steps above wait until a later Grants raises it.
  StreamWork work;

  bool operator==(const Grant&) const = default;
};

// About a step of a stream that is granted.
struct StepNote {
  enum class Kind : uint8_t {
    kAlone = 0,    // One of the steps up to this one may have killed a worker: each is run alone.
    kSkipped = 1,  // This one has killed too many, and is run as if it had no rows.
  };
  Kind kind = Kind::kAlone;
  StreamId stream = 0;
  StepIndex step = 0;

  bool operator==(const StepNote&) const = default;
};

// All grants of one worker, in answer to its heartbeat; whatever is not listed is to be dropped.
struct Grants {
  uint64_t index = 0;
  uint64_t rollback_index = 0;
  std::vector<Grant> grants;
  std::vector<StepNote> notes = {};

  bool operator==(const Grants&) const = default;
};

// The worker is about to do this step and nothing else; if it dies now, the step has killed it.
// Step 0: that is over. Repeated until StepAloneAck, and until then nothing is done.
struct StepAlone {
  StreamRef ref;
  StepIndex step = 0;

  bool operator==(const StepAlone&) const = default;
};

struct StepAloneAck {
  StreamRef ref;
  StepIndex step = 0;

  bool operator==(const StepAloneAck&) const = default;
};

// All steps <= step are acknowledged by every partition that they touch. Sums since the attempt's
// base: rows trained, their weighted loss before the update, and what the rows weigh more than 1
// each (0 where no row has a weight of its own). A loss_sum of NaN: the model has diverged at
// `step`.
struct Progress {
  StreamRef ref;
  StepIndex step = 0;
  uint64_t rows = 0;
  double loss_sum = 0;
  double extra_weight = 0;

  bool operator==(const Progress&) const = default;
};

// What a model says of a row.
enum class ScoreKind : uint8_t {
  kMargin = 0,   // One number: the log-odds of label 1 against label 0.
  kClasses = 1,  // A score for each class, by softmax its probability.
  kValue = 2,    // One number: the label that it expects.
};

// One evaluated batch: the model's scores for rows whose labels are labels[i] and whose weights are
// weights[i]; no weights: all are 1. Of kind kClasses there are as many scores for each row, one
// row after the other, and a label is the number of one of them.
// Repeated until EvaluationAck.
struct EvaluationResult {
  StreamRef ref;
  StepIndex step = 0;
  std::vector<float> scores;
  std::vector<float> labels;
  std::vector<float> weights = {};
  ScoreKind kind = ScoreKind::kMargin;

  bool operator==(const EvaluationResult&) const = default;
};

struct EvaluationAck {
  StreamRef ref;
  StepIndex step = 0;

  bool operator==(const EvaluationAck&) const = default;
};

// When a snapshot is taken: at a moment of the partition's own, or (bsp, while training goes on) at
// a step. Until that step is named, rows are only scanned.
inline constexpr StepIndex kOwnMoment = 0;
inline constexpr StepIndex kCutToCome = ~StepIndex{0};

// Coordinator to primaries: write the partition's snapshot for this checkpoint into `directory`.
struct SnapshotRequest {
  uint64_t checkpoint = 0;
  uint32_t partition = 0;
  uint64_t term = 0;
  std::string directory;
  StepIndex cut = kOwnMoment;  // Or kCutToCome, or the step.
  bool is_checkpoint = false;  // The next one may be an increment on it.
  uint64_t since = 0;          // An increment on the snapshot of this checkpoint will do, if the
                               // partition has written that one and nothing since; 0: all rows.

  bool operator==(const SnapshotRequest&) const = default;
};

struct SnapshotDone {
  enum class Stage : uint8_t {
    kWritten = 0,    // It is durable, unless there is an error.
    kScanned = 1,    // It waits for its cut. `version` is how far the partition is.
    kPassed = 2,     // The partition is past the cut already, by `version`: nothing is written.
    kNotLoaded = 3,  // The partition could not be restored from this checkpoint: see `error`.
  };
  uint64_t checkpoint = 0;
  uint32_t partition = 0;
  uint64_t term = 0;
  std::string file;  // Name within the directory.
  uint64_t bytes = 0;
  uint32_t crc = 0;                          // CRC32C of the whole file.
  uint64_t rows = 0;                         // Rows of all sparse tables.
  uint64_t digest_high = 0, digest_low = 0;  // The model digest's part of this partition.
  std::string error;                         // Not empty: it could not be written, and why.
  Stage stage = Stage::kWritten;
  StepIndex version = 0;  // bsp: steps applied.
  uint64_t since = 0;     // Of which checkpoint's snapshot it is an increment; 0: it has all rows.

  bool operator==(const SnapshotDone&) const = default;
};

// The job is over. code: the exit code of the command line; message: the reason, for people.
struct JobEnd {
  int32_t code = 0;
  std::string message;

  bool operator==(const JobEnd&) const = default;
};

// "I leave"; also a member's way to end the job with an error (code != 0), and then repeated.
struct Goodbye {
  int32_t code = 0;
  std::string message;
  ProcessUsage usage = {};

  bool operator==(const Goodbye&) const = default;
};

// ---- A submitter's messages, and what anybody may ask -----------------------------------------

// A submitter ends its job; code 0 saves first. Repeated until JobEnd.
struct StopJob {
  int32_t code = 0;
  std::string message;

  bool operator==(const StopJob&) const = default;
};

// A submitter saw a process die: its members need not be waited for. Repeated until they are gone.
struct MemberDead {
  std::string host;
  uint32_t pid = 0;
  std::string text;  // How it died, for people.

  bool operator==(const MemberDead&) const = default;
};

// Answered to anybody, member or not.
struct StatusRequest {
  uint64_t epochs_from = 0;  // The asker knows the epochs before this one.

  bool operator==(const StatusRequest&) const = default;
};

// The model and its validation after one epoch. Metrics are NaN where there is nothing to measure.
struct EpochRecord {
  uint64_t epoch = 0;        // From 0.
  uint64_t rows = 0;         // Trained.
  double train_logloss = 0;  // The model's loss, whichever it is.
  double valid_logloss = 0;
  double valid_auc = 0;
  double seconds = 0;  // Since training started.
  double valid_accuracy = 0;
  double valid_baseline_loss = 0;      // Of the best constant: what says the same of every row.
  double valid_baseline_accuracy = 0;  // Likewise.
  double valid_calibration = 0;        // Labels 1 that are promised, for each that there is.

  bool operator==(const EpochRecord&) const = default;
};

enum class JobPhase : uint8_t {
  kIdle = 0,     // Waiting for a job.
  kForming = 1,  // Waiting for the members that the plan names.
  kServing = 2,  // User programs push what they like.
  kTraining = 3,
  kEvaluating = 4,
  kSaving = 5,    // Snapshots (or digests) of all partitions, then the manifest.
  kFarewell = 6,  // The end was announced.
  kFinished = 7,
};

struct MemberStatus {
  uint32_t process = 0;
  Role role = Role::kWorker;
  std::string address;
  std::string host;
  uint32_t pid = 0;
  uint32_t silent_ms = 0;  // Since it was last heard.
  uint32_t streams = 0;    // That it holds.
  ProcessUsage usage;      // By its last heartbeat.

  bool operator==(const MemberStatus&) const = default;
};

// Where a job is, and, once it is over, how it went.
struct JobStatus {
  std::string job;  // Its name; empty: there is none yet.
  uint64_t job_id = 0;
  JobPhase phase = JobPhase::kIdle;
  std::string waiting_for;  // What is missing, for people; empty: nothing.
  ConsistencyMode mode;
  uint64_t epoch = 0;  // The one that is being trained, from 0.
  uint64_t epochs = 0;
  uint64_t batches_done = 0;  // Of this epoch.
  uint64_t batches = 0;       // Likewise.
  uint64_t rows = 0;          // Likewise.
  double loss_sum = 0;        // Likewise.
  uint64_t epochs_done = 0;
  std::vector<EpochRecord> epochs_listed;  // Consecutive, from StatusRequest::epochs_from.
  uint32_t member_count = 0;
  std::vector<MemberStatus> members;  // The first kStatusMembersMax of them, by number.
  uint32_t workers_lost = 0;
  uint64_t checkpoint = 0;  // The newest that the job can go back to; 0: there is none.
  uint64_t rollbacks = 0;   // So often it went back to one.
  std::string alarm = {};   // Why the last checkpoint was given up; empty: it was not.
  uint64_t bytes_sent = 0, bytes_received = 0;  // Of all members that there ever were.
  uint64_t frames_refused = 0;                  // Likewise, and of the coordinator.
  // Once it is over: phase kFarewell and kFinished.
  int32_t code = 0;  // Exit code of the command line.
  std::string message;
  uint64_t rows_trained = 0;  // All epochs.
  uint64_t features = 0;      // Rows of the sparse tables; only with a digest or a saved model.
  uint64_t digest_high = 0, digest_low = 0;
  double train_seconds = 0;  // From the first lease to the end of the last epoch.

  bool over() const { return phase >= JobPhase::kFarewell; }
  bool operator==(const JobStatus&) const = default;
};

struct StatusReply {
  JobStatus status;

  bool operator==(const StatusReply&) const = default;
};

// A peer speaks another version of the protocol: made by the transport that noticed, understood by
// every version. The only message with a frame of its own form (wire/version_notice.h).
struct VersionNotice {
  uint16_t major = 0;
  uint16_t minor = 0;
  std::string address = {};  // Set by the receiving transport: whom it had connected to.

  bool operator==(const VersionNotice&) const = default;
};

// ---- Data path -----------------------------------------------------------------------------

// Names ids that a pull of the same sender has listed: of its slice of the same table in the same
// partition, those from `begin` on. doc/protocol.md, 5.
struct PulledIds {
  uint64_t request = 0;  // The pull's; 0: nothing is named.
  uint32_t begin = 0;
  uint32_t count = 0;

  bool operator==(const PulledIds&) const = default;
};

// What one request or record says about one table in one partition. The arrays lie in the
// message's storage, or (in one process) in the client's own buffer, which lives as long.
struct TableSlice {
  uint32_t table = 0;
  // Sparse: SparseId(key); dense: block index. A push's ids are distinct within the record.
  std::span<const uint64_t> ids;
  std::span<const float> values;     // [ids.size() x row width]; empty in a pull request.
  std::span<const uint32_t> counts;  // [ids.size()] or empty: how often each id occurred.
  // Push: the ids, by another name. As bytes only the name travels, and `ids` is empty until the
  // server has looked it up.
  PulledIds named = {};

  bool lacks_ids() const { return ids.size() < named.count; }
  size_t id_count() const { return lacks_ids() ? named.count : ids.size(); }
};

// One partition's record of one step, or one of its numbered fragments.
struct PushPart {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex prev = 0;  // The stream's previous step that touched this partition, or kStart.
  uint32_t fragment = 0;
  uint32_t fragment_count = 1;
  // Into Push::slices; the parts' ranges rise and do not overlap.
  uint32_t slice_begin = 0, slice_end = 0;

  bool operator==(const PushPart&) const = default;
};

struct Push {
  StreamRef ref;
  StepIndex step = 0;
  uint64_t epoch = 0;
  float rate_factor = 1;  // Learning-rate schedule: a pure function of definition, stream, step.
  uint32_t rows = 0;      // Rows of data behind the gradient sums.
  std::vector<PushPart> parts;
  std::vector<TableSlice> slices;
  std::shared_ptr<const void> storage;  // Keeps the slices' arrays alive.
};

// How one partition answered.
enum class PartCode : uint8_t {
  kOk = 0,          // Push: applied (or was before). Pull: the values follow.
  kGap = 1,         // Push: steps are missing; `last` is the last one applied.
  kFenced = 2,      // A newer attempt runs, or the stream is closed or unknown.
  kNotPrimary = 3,  // Ask for the map, come again.
  kBehind = 4,      // The server's map is older than yours; come again.
  kPassed = 5,      // Pull (bsp): this step is complete everywhere; go on to the next.
  kInvalid = 6,     // The request contradicts the job; `error` of the reply says how. Final.
  kNeedIds = 7,     // Push: the pull that it names is not remembered; send the ids.
};

struct PartResult {
  uint32_t partition = 0;
  PartCode code = PartCode::kOk;
  StepIndex last = 0;  // kGap.

  bool operator==(const PartResult&) const = default;
};

// One executor's answers to (a part of) a Push.
struct PushReply {
  StreamRef ref;
  StepIndex step = 0;
  std::vector<PartResult> parts;
  std::string error;

  bool operator==(const PushReply&) const = default;
};

struct PullPart {
  uint32_t partition = 0;
  uint64_t term = 0;
  StepIndex min = 0;  // asp: wait until this step of the stream is applied (read your writes).
  // Into Pull::slices; the parts' ranges rise and do not overlap.
  uint32_t slice_begin = 0, slice_end = 0;

  bool operator==(const PullPart&) const = default;
};

struct Pull {
  enum class Kind : uint8_t {
    kTraining = 0,  // For `step` of stream `ref`, under the job's consistency.
    kReadOnly = 1,  // As things are now; missing rows read 0. `ref` and `step` mean nothing.
  };
  Kind kind = Kind::kTraining;
  StreamRef ref;
  StepIndex step = 0;
  std::vector<PullPart> parts;
  std::vector<TableSlice> slices;
  std::shared_ptr<const void> storage;
};

// Values of one partition, slice by slice in the order of the request; no ids.
struct PullResult {
  uint32_t partition = 0;
  PartCode code = PartCode::kOk;
  std::span<const float> values;  // kOk: all slices of the part, one after the other.
};

struct PullReply {
  StreamRef ref;
  StepIndex step = 0;
  std::vector<PullResult> parts;
  std::string error;
  std::shared_ptr<const void> storage;
};

// ---- The message ---------------------------------------------------------------------------

using Body = std::variant<Hello, Welcome, Heartbeat, MapUpdate, Grants, Progress, EvaluationResult,
                          EvaluationAck, SnapshotRequest, SnapshotDone, JobEnd, Goodbye, Submit,
                          Wait, StopJob, MemberDead, StatusRequest, StatusReply, VersionNotice,
                          StepAlone, StepAloneAck, Push, PushReply, Pull, PullReply>;

struct Header {
  ProcessId from;
  ProcessId to;
  uint64_t request = 0;    // Echoed in replies; 0 where nobody matches.
  uint64_t map_index = 0;  // Of the sender's map.

  bool operator==(const Header&) const = default;
};

// Immutable once sent: the sender's window, the transport and the receiver share it, each for a
// time that the others do not know. That is the reason for the shared_ptr.
struct Message {
  Header header;
  Body body;
  size_t bytes = 0;  // Of the frame that it came in; 0: it was not sent as bytes.
};
using MessagePtr = std::shared_ptr<const Message>;

template <typename T>
const T* BodyAs(const Message& message) {
  return std::get_if<T>(&message.body);
}

}  // namespace cairn
