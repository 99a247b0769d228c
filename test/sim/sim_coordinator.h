// The coordinator in the simulator: its core, a disk, and the job log on it.
#pragma once

#include <memory>
#include <vector>

#include "coordinator/commit_queue.h"
#include "coordinator/coordinator_core.h"
#include "coordinator/file_job_log.h"
#include "sim/sim_process.h"

namespace cairn::sim {

inline constexpr char kJobDirectory[] = "/job";

// What the world knows of the job log, whoever writes it.
struct LogWitness {
  uint64_t durable = 0;             // The last record that a log said it had made durable.
  bool has_checkpoint = false;      // One of the records up to there is of a complete one.
  bool is_flipped = false;          // A bit of it, since it was last read.
  std::vector<LogRecord> in_doubt;  // Of the write during which the power was lost,
  uint64_t in_doubt_first = 0;      // from this index on.
};

class SimCoordinator final : public SimProcess {
 public:
  // `host` and `witness` outlive the coordinator.
  SimCoordinator(SimHost* host, uint64_t incarnation, LogWitness* witness);

  void Start(Micros now) override;
  void Deliver(const MessagePtr& message, Micros now) override;
  Micros next_wake() const override;
  void Wake(Micros now) override;
  bool ended() const override { return all_done_; }

  // Null: it has not read its log yet.
  const CoordinatorCore* core() const { return core_.get(); }

 private:
  bool OpenLog(std::optional<JobState>* resumed);
  OpenedDirectories OpenDirectories();
  void WitnessLog(const JobState& state);
  void Perform(CoordinatorActions actions);
  void Advance();
  void Written(const std::vector<LogBatch>& batches);
  void CarryOut(CoordinatorActions actions);
  void Write(const ManifestFile& file, Micros now);
  void Prune(const PrunedCheckpoints& prune);
  void CountProbes(const CoordinatorActions& actions);

  SimHost* const host_;
  const uint64_t incarnation_;
  LogWitness* const witness_;
  std::unique_ptr<FileJobLog> log_;
  std::unique_ptr<CoordinatorCore> core_;
  CommitQueue queue_;
  bool all_done_ = false;  // The core has finished, and all that it wanted is carried out.
};

}  // namespace cairn::sim
