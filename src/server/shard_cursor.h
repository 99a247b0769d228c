// A place in the scan of a partition's tables: table after table, ids ascending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/check.h"
#include "server/table_shard.h"

namespace cairn {

// Robust to rows that come and go between the slices. Plain value.
class ShardCursor {
 public:
  // The next ids, up to `most` (at least 1), all of one table: `ids` is overwritten. Returns their
  // table. An empty `ids` says only that this table has ended.
  size_t Next(const std::vector<TableShard>& shards, size_t most, std::vector<uint64_t>* ids) {
    CAIRN_CHECK(most > 0 && !done(shards));
    const size_t table = table_;
    ids->clear();
    shards[table].IdsInRange(next_, kLargestId, most, ids);
    if (ids->size() < most || ids->back() == kLargestId) {
      ++table_;
      next_ = 0;
    } else {
      next_ = ids->back() + 1;
    }
    return table;
  }

  // The next rows of one table. That none were found says nothing about those behind.
  size_t NextRows(std::vector<TableShard>* shards, RowScan* scan) {
    CAIRN_CHECK(!done(*shards));
    const size_t table = table_;
    const std::optional<uint64_t> next = (*shards)[table].Scan(next_, scan);
    if (!next.has_value()) ++table_;
    next_ = next.value_or(0);
    return table;
  }

  size_t table() const { return table_; }  // The next rows are of this one, if not done.
  bool done(const std::vector<TableShard>& shards) const { return table_ == shards.size(); }
  // True if the cursor went over the place where `id` is or would be.
  bool Passed(size_t table, uint64_t id) const {
    return table < table_ || (table == table_ && id < next_);
  }

 private:
  static constexpr uint64_t kLargestId = std::numeric_limits<uint64_t>::max();

  size_t table_ = 0;
  uint64_t next_ = 0;
};

}  // namespace cairn
