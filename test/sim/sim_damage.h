// What a crash leaves on disks that others share: a bit that has flipped, a file that nobody can
// read. One damage at a time, as the disks' owner has been promised no more.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/memory_file_system.h"
#include "base/random.h"
#include "coordinator/job_state.h"
#include "sim/probes.h"
#include "sim/sim_coordinator.h"

namespace cairn::sim {

// Not thread-safe: one world owns it.
class SimDamage {
 public:
  // All outlive it. `checkpoints`: their directory.
  SimDamage(std::string checkpoints, MemoryFileSystem* files, Random* random, ProbeCounts* probes);

  // A bit of the job log, of which there are two copies.
  void ToLog(LogWitness* log);
  // A file of the newest checkpoint, if there is another one that has no file in common with it.
  void ToCheckpoint(const JobState& state);

  // For SimDisk::Options.
  std::set<std::string>* unreadable() { return &unreadable_; }

 private:
  void FlipBit(const std::string& path);

  const std::string checkpoints_;
  MemoryFileSystem* const files_;
  Random* const random_;
  ProbeCounts* const probes_;
  std::set<std::string> unreadable_;
  uint64_t damaged_ = 0;  // The checkpoint.
};

}  // namespace cairn::sim
