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
  std::vector<uint64_t> ids;      // [unique], grouped by partition; there they ascend.
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

// Reusable scratch for Cut; one a thread. The result is a pure function of the keys.
class KeyCutter {
 public:
  // partitions: a power of two, 1 .. limits::kPartitionsMax.
  explicit KeyCutter(uint32_t partitions);

  // Sparse tables: `keys` are keys. Dense tables: block indices, each < layout.blocks (CHECKed:
  // the caller validates its input). keys.size() <= 2^31.
  std::shared_ptr<const KeyCut> Cut(const TableLayout& layout, std::span<const Key> keys);

 private:
  // A distinct key, in order of first occurrence.
  struct Found {
    Key key;
    uint32_t count;
  };
  // Its id, for putting them in order.
  struct Placed {
    uint64_t id;
    uint32_t found;
  };

  void Collect(std::span<const Key> keys, uint32_t* inverse);
  void Grow();
  void ClearSlots(size_t slots);
  // Well spread whatever the keys are, as long as they were not made to collide.
  size_t HomeOf(Key key) const { return key * 0x9E3779B97F4A7C15u >> slot_shift_; }

  void PlaceSparse(const TableLayout& layout, KeyCut* cut);
  void InsertByNeighbours();
  void PlaceDense(const TableLayout& layout, KeyCut* cut);
  void Finish(KeyCut* cut);

  const uint32_t partitions_;

  // Scratch: the memory outlives a cut, the content does not.
  //
  // Open addressing with linear probing, at most half full: positions in found_, from 1 on; 0 is a
  // free slot. Small, so that it stays in the first cache beside the keys that come often.
  std::vector<uint32_t> slots_;
  int slot_shift_ = 0;    // 64 - log2(slots in use).
  size_t slot_mask_ = 0;  // Those slots, less one.
  std::vector<Found> found_;
  size_t unique_ = 0;             // Of found_: 1 .. unique_.
  size_t unique_most_ = 0;        // Of the last cuts, fading.
  std::vector<uint64_t> ids_;     // [unique]
  std::vector<Placed> placed_;    // In order.
  std::vector<uint32_t> begins_;  // Of buckets in placed_.
  std::vector<uint32_t> places_;  // By position in found_: the place in placed_.
};

}  // namespace cairn
