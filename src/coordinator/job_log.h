// Where the coordinator's decisions are kept.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "coordinator/job_state.h"

namespace cairn {

// One thread at a time.
class JobLog {
 public:
  virtual ~JobLog() = default;
  // Returns once the batches are durable: all of them, in order. After an error nothing is known,
  // and nothing can be appended any more.
  virtual absl::Status Append(const std::vector<LogBatch>& batches) = 0;
};

// Forgets everything with the process.
class MemoryJobLog final : public JobLog {
 public:
  // CHECKs that there is no hole.
  absl::Status Append(const std::vector<LogBatch>& batches) override;
  const std::vector<LogRecord>& records() const { return records_; }

 private:
  std::vector<LogRecord> records_;
};

}  // namespace cairn
