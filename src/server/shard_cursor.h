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

  // As Next, but only dirty rows: looks at up to *looks rows (at least 1), and lowers it.
  size_t NextDirty(const std::vector<TableShard>& shards, size_t* looks, size_t most,
                   std::vector<uint64_t>* ids) {
    CAIRN_CHECK(most > 0 && *looks > 0 && !done(shards));
    const size_t table = table_;
    ids->clear();
    const std::optional<uint64_t> next = shards[table].DirtyIds(next_, looks, most, ids);
    if (!next.has_value()) ++table_;
    next_ = next.value_or(0);
    return table;
  }

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
