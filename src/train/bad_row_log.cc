#include "train/bad_row_log.h"

namespace cairn {

void BadRowLog::Add(const RowBatch& batch, const BatchReader& reader) {
  MutexLock lock(mutex_);
  total_.rows += batch.rows();
  total_.bad_rows += batch.bad_rows;
  const std::optional<BadRowPlace>& first = reader.first_bad_row();
  if (batch.bad_rows == 0 || !first) return;
  if (!total_.first || IsBefore(*first, *total_.first)) total_.first = first;
}

BadRowLog::Total BadRowLog::total() const {
  MutexLock lock(mutex_);
  return total_;
}

}  // namespace cairn
