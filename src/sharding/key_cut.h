// Turns a program's keys (any, unsorted, repeated) into what the servers want: distinct ids, cut by
// partition. One KeyCut serves the pull and the push of a batch, and in one process it is the
// message itself. Pure: no map is needed, because the number of partitions never changes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cairn/table.h"
#include "cairn/types.h"

namespace cairn {

// Immutable once made; shared by a batch, the client's window and messages in flight.
struct KeyCut {
  uint32_t table = 0;
  uint32_t width = 0;             // Floats a row.
  std::vector<uint64_t> ids;      // [unique], grouped by partition.
  std::vector<uint32_t> offsets;  // [partitions + 1] into ids.
  std::vector<uint32_t> counts;   // [unique]: how often each id occurred.
  std::vector<uint32_t> inverse;  // [keys]: position in ids of each key as given.

  size_t unique() const { return ids.size(); }
  std::span<const uint64_t> IdsOf(uint32_t partition) const {
    return {ids.data() + offsets[partition], ids.data() + offsets[partition + 1]};
  }
};

// What KeyCutter needs to know of a table.
struct TableLayout {
  uint32_t index = 0;  // In JobSpec::tables.
  uint64_t salt = 0;
  uint32_t width = 0;
  TableSpec::Kind kind = TableSpec::Kind::kSparse;
  uint64_t blocks = 0;  // Dense only.
};
TableLayout LayoutOf(const TableSpec& table, uint32_t index);

// Reusable scratch for Cut; one a thread. Within a partition, ids keep the order of first
// occurrence: the result is a pure function of the keys.
class KeyCutter {
 public:
  explicit KeyCutter(uint32_t partitions) : partitions_(partitions) {}

  // Sparse tables: `keys` are keys. Dense tables: block indices, each < layout.blocks (CHECKed:
  // the caller validates its input). keys.size() <= 2^31.
  std::shared_ptr<const KeyCut> Cut(const TableLayout& layout, std::span<const Key> keys);

 private:
  uint32_t partitions_;
  std::vector<uint64_t> slots_;      // Open addressing over ids; scratch.
  std::vector<uint32_t> positions_;  // Parallel to slots_.
  std::vector<uint64_t> found_;      // Ids in order of first occurrence; scratch.
  std::vector<uint32_t> found_counts_;
};

}  // namespace cairn
