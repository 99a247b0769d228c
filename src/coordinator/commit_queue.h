// First the log, then the world: holds what a coordinator wants to do until its records, and those
// of everything before, are durable. What comes while records are being written is written next,
// all together. Pure; one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "coordinator/coordinator_core.h"

namespace cairn {

class CommitQueue {
 public:
  void Add(CoordinatorActions actions) { waiting_.push_back(std::move(actions)); }

  // The batches to write now; then comes Written. None: nothing is to be written, or what was taken
  // before is not written yet.
  std::vector<LogBatch> TakeBatches();
  // What was taken is durable.
  void Written();

  // What may be done next, if it may be done now. Its log is empty.
  std::optional<CoordinatorActions> TakeReady();

  bool empty() const { return waiting_.empty(); }

 private:
  std::deque<CoordinatorActions> waiting_;
  size_t writing_ = 0;  // Of those that wait, the first so many have their records with the writer.
};

}  // namespace cairn
