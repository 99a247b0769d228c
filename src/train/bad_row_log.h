// What the threads of one process have left out of the data that they read.
#pragma once

#include <cstdint>
#include <optional>

#include "base/mutex.h"
#include "train/batch_reader.h"

namespace cairn {

// Thread-safe.
class BadRowLog {
 public:
  struct Total {
    uint64_t rows = 0;  // Good ones.
    uint64_t bad_rows = 0;
    std::optional<BadRowPlace> first;  // In the files' order; none as long as bad_rows is 0.
  };

  // A batch that `reader` has just read.
  void Add(const RowBatch& batch, const BatchReader& reader) CAIRN_EXCLUDES(mutex_);
  Total total() const CAIRN_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  Total total_ CAIRN_GUARDED_BY(mutex_);
};

// Of the training and of the validation data.
struct BadRowLogs {
  BadRowLog train;
  BadRowLog valid;
};

}  // namespace cairn
