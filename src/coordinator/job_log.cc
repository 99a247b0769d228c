#include "coordinator/job_log.h"

#include "base/check.h"

namespace cairn {

absl::Status MemoryJobLog::Append(const std::vector<LogBatch>& batches) {
  for (const LogBatch& batch : batches) {
    CAIRN_CHECK(batch.first_index == records_.size() + 1, "the job log has a hole");
    records_.insert(records_.end(), batch.records.begin(), batch.records.end());
  }
  return {};
}

}  // namespace cairn
