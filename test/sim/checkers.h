// The guarantees (doc/protocol.md), each checked against what the program makes come true.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator_core.h"
#include "server/executor_core.h"
#include "sim/probes.h"
#include "sim/sim_program.h"
#include "sim/sim_scenario.h"

namespace cairn::sim {

struct Violation {
  // "G1", "G3", "G4": a guarantee, seen from the ends. "stamps": seen inside a partition.
  // "budget": a table has more rows than it may. "liveness": the job did not come to its end.
  // "report": the coordinator's books are wrong.
  std::string what;
  std::string text;
};

// One a world; not thread-safe. Collects, and never stops a run.
class Checkers {
 public:
  Checkers(const Scenario& scenario, const SimProgram& program, ProbeCounts* probes);

  void Report(const char* what, std::string text);
  const std::vector<Violation>& violations() const { return violations_; }

  // G3: a training pull was answered. ones: [unique] values of the second table of the payload.
  void OnPulled(const StepKey& key, const SimPrepared& prepared, const std::vector<float>& ones);

  // A program of a user's, by its key: it begins a step; all its steps up to this one are
  // acknowledged; a pull that was to see `least` of them has seen `seen`; it goes on behind `base`,
  // since the job has gone back by this record.
  void OnClientStep(Key key, StepIndex step);
  void OnClientAcknowledged(Key key, StepIndex step) { clients_[key].acknowledged = step; }
  void OnClientRead(Key key, double seen, StepIndex least);
  void OnClientResumed(Key key, StepIndex base, uint64_t rollback_index);

  // The coordinator opened streams: what they touch is known from then on.
  void OnDecision(const LogRecord& record, uint64_t index);

  // Around a server's handling of a message.
  void BeforeHandling(const ExecutorCore& executor, const Message& message);
  void AfterHandling(const ExecutorCore& executor, const Message& message,
                     const ExecutorActions& actions);

  // Whoever submitted the job knows in the end what the coordinator knows.
  void OnReport(const JobResult& heard, const JobResult& result);

  // When all is over. executors: of all servers.
  void AtEnd(const std::vector<const ExecutorCore*>& executors, const CoordinatorCore& coordinator);

 private:
  struct Before {
    const Partition* partition;
    SnapshotStamps stamps;
  };
  void NoteBlame(const StepBlamed& blamed);
  struct ClientBooks {
    StepIndex started = 0, acknowledged = 0;
    bool taken_back =
        false;  // The job has gone back, and the program does not know yet, or has left.
  };
  StepIndex NextStep(StreamId stream, StepIndex last, uint32_t partition) const;
  void CheckStep(const Before& before, const Push& push);
  void CheckCounts(const std::vector<const Partition*>& partitions);
  void CheckClients(const std::map<Key, double>& counts);
  void CheckBudget(const std::vector<const Partition*>& partitions);
  void CheckReference(const std::vector<const Partition*>& partitions,
                      const CoordinatorCore& coordinator);
  void CheckBooks(const CoordinatorCore& coordinator);

  const Scenario& scenario_;
  const SimProgram& program_;
  ProbeCounts* const probes_;
  std::vector<Violation> violations_;
  std::map<StreamId, StreamWork> works_;
  std::vector<Before> before_;
  std::map<Key, ClientBooks> clients_;
  std::map<std::pair<StreamId, StepIndex>, uint32_t> deaths_;  // As JobState::blames.
  // Twice a worker was taken for dead just when it was about this step, which kills nobody. From
  // then on the job has other data than these checkers know: they look at its end only.
  bool innocent_left_out_ = false;
  bool rolled_back_ = false;
  uint64_t last_rollback_ = 0;  // Its record.
  // Of the former cluster, if the job has moved; and how far its streams were in the checkpoint
  // that the job has gone back to: steps up to there are everywhere.
  std::shared_ptr<const JobState> moved_from_;
  std::map<StreamId, StepIndex> progress_;
};

}  // namespace cairn::sim
