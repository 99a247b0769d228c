#include "coordinator/commit_queue.h"

#include <utility>

#include "base/check.h"

namespace cairn {

std::vector<LogBatch> CommitQueue::TakeBatches() {
  std::vector<LogBatch> batches;
  if (writing_ > 0) return batches;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    if (waiting_[i].log.empty()) continue;
    batches.push_back(std::exchange(waiting_[i].log, {}));
    writing_ = i + 1;
  }
  return batches;
}

void CommitQueue::Written() {
  CAIRN_CHECK(writing_ > 0, "nothing was taken");
  writing_ = 0;
}

std::optional<CoordinatorActions> CommitQueue::TakeReady() {
  if (writing_ > 0 || waiting_.empty() || !waiting_.front().log.empty()) return std::nullopt;
  std::optional<CoordinatorActions> ready = std::move(waiting_.front());
  waiting_.pop_front();
  return ready;
}

}  // namespace cairn
