#include "sim/sim_damage.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace cairn::sim {

SimDamage::SimDamage(std::string checkpoints, MemoryFileSystem* files, Random* random,
                     ProbeCounts* probes)
    : checkpoints_(std::move(checkpoints)), files_(files), random_(random), probes_(probes) {}

void SimDamage::FlipBit(const std::string& path) {
  const absl::StatusOr<uint64_t> bytes = files_->Size(path);
  if (!bytes.ok() || *bytes == 0) return;
  CAIRN_CHECK(files_->FlipBit(path, random_->Below(8 * *bytes)).ok());
  probes_->Hit(Probe::kBitFlipped);
}

void SimDamage::ToLog(LogWitness* log) {
  const auto names = files_->List(kJobDirectory);
  if (!names.ok() || names->empty() || log->is_flipped) return;
  if (log->durable == 0) return;  // Not even a job; a file that is not whole yet.
  log->is_flipped = true;
  FlipBit(JoinPath(kJobDirectory, names->back()));
}

void SimDamage::ToCheckpoint(const JobState& state) {
  const std::vector<CheckpointState>& all = state.checkpoints;
  const bool is_there = std::any_of(all.begin(), all.end(), [this](const CheckpointState& one) {
    return std::any_of(one.files.begin(), one.files.end(),
                       [this](const SnapshotDone& file) { return file.checkpoint == damaged_; });
  });
  const bool has_other_base = std::any_of(all.begin(), all.end(), [&](const CheckpointState& one) {
    return one.base != all.back().base;
  });
  if (is_there || !has_other_base) return;
  damaged_ = all.back().id;
  std::vector<SnapshotDone> files = all.back().files;
  std::erase_if(files, [this](const auto& file) { return file.checkpoint != damaged_; });
  const std::string path = JoinPath(JoinPath(checkpoints_, CheckpointDirectory(damaged_)),
                                    files[random_->Below(files.size())].file);
  if (random_->Chance(0.5)) {
    unreadable_.insert(path);
  } else {
    FlipBit(path);
  }
}

}  // namespace cairn::sim
