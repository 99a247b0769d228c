// The rows that one bsp step changed, as they were before it: so that a stream whose worker died
// in that step can be run again from the very values that the dead worker saw.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/table_shard.h"

namespace cairn {

// Owned by a partition; not thread-safe.
class Undo {
 public:
  // Forgets the former step.
  void Clear();
  // Remembers the weights of `ids` (ascending, distinct) of the shard's table as they are now. What
  // was remembered first of a row in a step holds.
  void Save(const TableShard& shard, std::span<const uint64_t> ids);
  // Overwrites, in `weights` [ids.size() x width], what the step changed.
  void Patch(const TableShard& shard, std::span<const uint64_t> ids, float* weights) const;

 private:
  struct TableUndo {
    uint32_t table = 0;
    std::vector<uint64_t> ids;   // Ascending.
    std::vector<float> weights;  // [ids x width] before the step; a new row's: its initial ones.
  };
  std::vector<TableUndo> tables_;  // In the order of saving.
};

}  // namespace cairn
