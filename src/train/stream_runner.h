// The trainer's state machine: which batch to read, what to pull, when to push, what to report. It
// runs the streams that the coordinator leases to this worker; reading, parsing and math are
// actions that a shell carries out (train_worker.cc, and the simulator).
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "sharding/schedule.h"
#include "worker/client_core.h"

namespace cairn {

// What the shell has made of a batch; the runner only passes it on.
class PreparedBatch {
 public:
  virtual ~PreparedBatch() = default;
  // What to pull for it; empty tables are legal.
  virtual std::shared_ptr<const PullPayload> pull() const = 0;
  virtual uint64_t row_count() const = 0;
};

// Identifies a step of a run across the runner and its shell.
struct StepKey {
  StreamRef ref;
  StepIndex step = 0;

  auto operator<=>(const StepKey&) const = default;
};

// Read this batch and answer with BatchRead.
struct ReadAction {
  StepKey key;
  bool evaluation = false;
  uint64_t epoch = 0;
  uint64_t batch = 0;
  bool exists = true;  // Otherwise an empty step: prepare a batch without rows.
};

// Compute on the pulled values, and answer with Computed or Scored.
struct ComputeAction {
  StepKey key;
  bool evaluation = false;
  uint64_t epoch = 0;
  float rate_factor = 1;
  std::unique_ptr<PreparedBatch> batch;
  std::vector<std::vector<float>> values;  // By table of the payload.
};

// Sums over a batch, before its update.
struct TrainedRows {
  uint64_t rows = 0;
  double loss_sum = 0;      // Weighted.
  double extra_weight = 0;  // The sum of the weights of which the loss is known, less the rows.
};

// [rows] each; weights may be empty: all are 1.
struct ScoredRows {
  std::vector<float> scores;
  std::vector<float> labels;
  std::vector<float> weights;
  ScoreKind kind = ScoreKind::kMargin;
};

struct RunnerActions {
  Outbox messages;
  std::vector<ReadAction> reads;
  std::vector<ComputeAction> computes;
};

class StreamRunner {
 public:
  struct Options {
    // Steps of one stream from their pull to the last acknowledgement of their push.
    uint32_t steps_in_flight = 2;
    uint32_t reads_ahead = 2;  // Beyond those.
    // Steps from their pull to the start of their push: in asp those of all streams together, which
    // then come one stream after the other; else those of each stream. A pull goes out behind the
    // pushes before it and sees them. 0: no bound but steps_in_flight.
    uint32_t steps_at_once = 0;
    // A step with more loss than this for a row has diverged, as one with a loss that is no number.
    double loss_max = std::numeric_limits<double>::max();
    Micros progress_every = 100 * kMicrosPerMilli;
    Micros repeat_after = 300 * kMicrosPerMilli;
  };

  // `member` and `client` outlive the runner.
  StreamRunner(const JobSpec& job, const Schedule& schedule, MemberCore* member, ClientCore* client,
               Options options);

  // The member core has newer grants.
  void OnGrants(Micros now, RunnerActions* out);
  // EvaluationAck, StepAloneAck; anything else is ignored.
  void Receive(const Message& message, Micros now, RunnerActions* out);
  // What the client core completed. Call with TakeCompletions after every call to it.
  void OnCompletion(Completion completion, Micros now, RunnerActions* out);
  void BatchRead(const StepKey& key, std::unique_ptr<PreparedBatch> batch, Micros now,
                 RunnerActions* out);
  void Computed(const StepKey& key, std::shared_ptr<const PushPayload> push,
                const TrainedRows& trained, Micros now, RunnerActions* out);
  void Scored(const StepKey& key, ScoredRows rows, Micros now, RunnerActions* out);
  void Tick(Micros now, RunnerActions* out);
  Micros next_tick() const { return next_tick_; }
  size_t runs() const { return runs_.size(); }

  // An error that ends the job: a refused request. OK while there is none.
  const absl::Status& error() const { return error_; }

 private:
  // In the order of a step's life.
  enum class Stage : uint8_t { kAsking, kReading, kRead, kPulling, kPulled, kComputing, kPushing };
  struct Step {
    StepIndex step = 0;
    Stage stage = Stage::kReading;
    BatchRef batch;
    std::unique_ptr<PreparedBatch> prepared;
    std::vector<std::vector<float>> values;
    OpId op = 0;
    bool passed = false;
    TrainedRows trained;
    MessagePtr result;  // Evaluation: what is repeated until it is acknowledged.
  };
  struct Run {
    Grant grant;
    StepIndex next_step = 1;
    std::deque<Step> steps;  // In flight, by step.
    StepIndex done = 0;      // Every step <= this is acknowledged. Stays at one that has diverged.
    StepIndex reported = 0;
    TrainedRows trained;  // Of the steps since the attempt's base. A loss of NaN: it has diverged.
    Micros report_at = 0;
    StepIndex alone_until = 0;       // Steps up to this one are run alone,
    std::vector<StepIndex> skipped;  // and these as if they had no rows.
  };
  // What is done alone: the reading of a step, or its computing. It is announced, and it is said
  // when it is over; until each of that is acknowledged, nothing is begun.
  struct Alone {
    StepKey key;
    bool computes = false;  // Else it reads.
    bool is_open = false, is_closing = false;
    std::shared_ptr<const PushPayload> push;  // What it came to: of training,
    TrainedRows trained;
    ScoredRows scored;  // of evaluation.
  };

  bool Evaluates(const Run& run) const {
    return run.grant.work.kind == StreamWork::Kind::kEvaluate;
  }
  BatchRef BatchOf(const Run& run, StepIndex step) const;
  float RateOf(const Run& run, const Step& step) const;
  Run* FindRun(const StreamRef& ref);
  Step* FindStep(const StepKey& key, Run** run);
  void DropRun(const StreamRef& ref);
  // Starts whatever the run's window allows.
  void Advance(Run* run, Micros now, RunnerActions* out);
  // That of other runs may allow more, too, once one of `run` has moved on.
  void AdvanceAfter(Run* run, Micros now, RunnerActions* out);
  bool MayPull(const Run& run) const;
  bool HasMoreToPull(const Run& run) const;
  void StartPull(Run* run, Step* step, Micros now, RunnerActions* out);
  void ComputeInOrder(Run* run, Micros now, RunnerActions* out);
  void Settle(Run* run, Micros now, RunnerActions* out);
  static bool AtEnd(const Run& run);
  void Report(Run* run, Micros now, RunnerActions* out);
  void Drain(Micros now, RunnerActions* out);
  void Push(const StepKey& key, std::shared_ptr<const PushPayload> push, const TrainedRows& trained,
            Micros now, RunnerActions* out);

  void SendScores(const StepKey& key, ScoredRows rows, Micros now, RunnerActions* out);

  // Steps that are done alone.
  static void TakeNotes(const Grants& grants, const StreamRef& ref, Run* run);
  bool RunsAlone(const Run& run, StepIndex step, bool exists) const {
    return exists && step <= run.alone_until;
  }
  const Step* ToComputeAlone(const Run& run) const;
  bool IsToReadAlone(const Run& run) const;
  bool AnyWaitsToBeAlone() const;
  bool IsBusy() const;
  bool MayBegin(const Run& run, StepIndex step, bool exists);
  void ServeAlone(Micros now, RunnerActions* out);
  void BeginAlone(Run* run, const Step* computed, Micros now, RunnerActions* out);
  void SayAlone(Micros now, RunnerActions* out);
  void OnAloneAck(const Message& message, Micros now, RunnerActions* out);
  void Resume(Micros now, RunnerActions* out);
  void WakeAt(Micros at) { next_tick_ = std::min(next_tick_, at); }

  const JobSpec job_;
  const Schedule schedule_;
  MemberCore* const member_;
  ClientCore* const client_;
  const Options options_;
  std::map<StreamRef, Run> runs_;
  std::map<OpId, StepKey> ops_;
  bool any_alone_ = false;  // Some run has steps to run alone.
  std::optional<Alone> alone_;
  uint64_t alone_number_ = 0;  // Of its last announcement: late answers are of others.
  Micros alone_repeat_at_ = 0;
  bool held_up_ = false;  // Something was not begun because of one that is to be alone.
  absl::Status error_;
  Micros next_tick_ = INT64_MAX;
};

}  // namespace cairn
