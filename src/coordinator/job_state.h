// The coordinator's decisions as records, and the state that they fold into. A decision takes
// effect by being applied here, after it was appended to the job log and before anybody hears of
// it; replaying the log gives the same state.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cairn/job.h"
#include "wire/job_plan.h"
#include "wire/message.h"

namespace cairn {

// ---- Records --------------------------------------------------------------------------------

struct JobCreated {
  JobSpec job;
  JobPlan plan;
  uint64_t id = 0;  // Random; tells this job from others that ran at the same address.
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
struct JobEnded {
  int32_t code = 0;
  std::string message;
};

using LogRecord =
    std::variant<JobCreated, MemberJoined, MemberLeft, MapChanged, StreamsOpened, StreamLeased,
                 StreamProgressed, StreamClosed, LimitRaised, FloorRaised, EpochEnded, JobEnded>;

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
};

struct JobState {
  uint64_t index = 0;  // Of the last record.
  JobSpec job;
  JobPlan plan;
  uint64_t job_id = 0;                      // 0: there is no job yet.
  std::map<uint32_t, MemberState> members;  // By process; only those who are there.
  uint32_t next_process = 1;
  std::vector<PartitionEntry> partitions;
  uint64_t map_index = 0;     // Of the last record that servers and clients must know.
  uint64_t grants_index = 0;  // Of the last record that changed a grant.
  StreamId floor = 0;
  StreamId opened = 0;
  std::vector<StreamId> closed;             // bsp, ssp; ascending.
  std::map<StreamId, StreamState> streams;  // Open ones, evaluation streams included.
  uint64_t epoch_rows = 0;                  // Of the epoch that is being trained.
  double epoch_loss_sum = 0;
  double epoch_extra_weight = 0;
  uint64_t rows_total = 0;
  std::vector<EpochRecord> epochs;
  bool ended = false;
  int32_t end_code = 0;
  std::string end_message;

  void Apply(const LogRecord& record);

  // The mean loss of the rows of the epoch so far, weighted; NaN if they have no weight.
  double EpochLoss() const;

  // The messages that tell others of this state.
  MapUpdate MakeMap() const;
  Grants MakeGrants(uint32_t worker) const;
};

// Where decisions are kept. Append returns once the record is durable.
class JobLog {
 public:
  virtual ~JobLog() = default;
  virtual absl::Status Append(uint64_t index, const LogRecord& record) = 0;
};

// Forgets everything with the process; says so in its name.
class MemoryJobLog final : public JobLog {
 public:
  absl::Status Append(uint64_t index, const LogRecord& record) override;
  const std::vector<LogRecord>& records() const { return records_; }

 private:
  std::vector<LogRecord> records_;
};

}  // namespace cairn
