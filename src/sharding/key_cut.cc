#include "sharding/key_cut.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/prefetch.h"
#include "sharding/placement.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr int kSlotBitsMin = 6;
constexpr size_t kKeysMax = size_t{1} << 31;
constexpr size_t kSlotsInCache = 1 << 12;
// Of more slots, those of so many keys ahead are on their way, and so many ahead what they lead to.
constexpr size_t kAhead = 24;
constexpr size_t kFoundAhead = 12;
constexpr int kBucketBitsMax = 16;
constexpr uint32_t kInsertMost = 16;  // In a bucket; more are sorted in other ways.

}  // namespace

TableLayout LayoutOf(const TableSpec& table, uint32_t index) {
  return TableLayout{.index = index,
                     .salt = TableSalt(table.name),
                     .width = table.width(),
                     .kind = table.kind,
                     .blocks = table.blocks()};
}

KeyCutter::KeyCutter(uint32_t partitions) : partitions_(partitions) {
  CAIRN_CHECK(std::has_single_bit(partitions) && partitions <= limits::kPartitionsMax);
}

std::shared_ptr<const KeyCut> KeyCutter::Cut(const TableLayout& layout, std::span<const Key> keys) {
  CAIRN_CHECK(keys.size() <= kKeysMax);
  auto cut = std::make_shared<KeyCut>();
  cut->table = layout.index;
  cut->width = layout.width;
  cut->inverse.resize(keys.size());
  Collect(keys, cut->inverse.data());
  cut->offsets.resize(partitions_ + 1);
  if (placed_.size() <= unique_) {
    ids_.resize(unique_ + 1);
    placed_.resize(unique_ + 1);
    places_.resize(unique_ + 1);
  }
  if (layout.kind == TableSpec::Kind::kSparse) {
    PlaceSparse(layout, cut.get());
  } else {
    PlaceDense(layout, cut.get());
  }
  Finish(cut.get());
  return cut;
}

// Finds the distinct keys. Afterwards inverse[i] is the position of keys[i] in found_.
void KeyCutter::Collect(std::span<const Key> keys, uint32_t* inverse) {
  // Batches are mostly as large as those before, with one small cut of a dense table in between:
  // start with room for a bit more than the most of late.
  ClearSlots(2 * std::min(keys.size(), unique_most_ + unique_most_ / 4));
  // One more than there can be: what comes next is written before it is known to be new.
  if (found_.size() < keys.size() + 2) found_.resize(keys.size() + 2);
  Found* const found = found_.data();
  const bool is_large = slot_mask_ >= kSlotsInCache;
  uint32_t next = 1;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (is_large && i + kAhead < keys.size()) {
      PrefetchForWrite(&slots_[HomeOf(keys[i + kAhead])]);
      PrefetchForWrite(&found[slots_[HomeOf(keys[i + kFoundAhead])]]);
    }
    const Key key = keys[i];
    size_t at = HomeOf(key);
    while (slots_[at] != 0 && found[slots_[at]].key != key) at = (at + 1) & slot_mask_;
    // Whether the key is new is not foreseeable, so new and old keys take the same way.
    found[next] = {key, 0};
    const uint32_t position = slots_[at] == 0 ? next : slots_[at];
    slots_[at] = position;
    ++found[position].count;
    inverse[i] = position;
    if (position == next) {
      ++next;
      if (2 * size_t{next} > slot_mask_) {
        unique_ = next - 1;
        Grow();
      }
    }
  }
  unique_ = next - 1;
  unique_most_ = std::max(unique_, unique_most_ - unique_most_ / 16);
}

void KeyCutter::Grow() {
  ClearSlots(2 * (slot_mask_ + 1));
  for (uint32_t position = 1; position <= unique_; ++position) {
    size_t at = HomeOf(found_[position].key);
    while (slots_[at] != 0) at = (at + 1) & slot_mask_;
    slots_[at] = position;
  }
}

// From here on so many slots, or a few more, are free.
void KeyCutter::ClearSlots(size_t slots) {
  const auto enough = static_cast<int>(std::bit_width(std::max<size_t>(slots, 1) - 1));
  const int bits = std::max(kSlotBitsMin, enough);
  slot_shift_ = 64 - bits;
  slot_mask_ = (size_t{1} << bits) - 1;
  if (slots_.size() <= slot_mask_) slots_.resize(slot_mask_ + 1);
  std::fill_n(slots_.begin(), slot_mask_ + 1, 0);
}

// Ids are hashes: a counting sort by enough of their top bits, among them those of the partition,
// leaves one or two in a bucket, and hardly any out of order.
void KeyCutter::PlaceSparse(const TableLayout& layout, KeyCut* cut) {
  const int partition_bits = std::countr_zero(partitions_);
  const int bits =
      std::max(partition_bits, std::min(kBucketBitsMax, static_cast<int>(std::bit_width(unique_))));
  const auto bucket_of = [bits](uint64_t id) { return bits == 0 ? 0 : id >> (64 - bits); };
  begins_.assign((size_t{1} << bits) + 1, 0);
  for (size_t i = 0; i < unique_; ++i) {
    ids_[i] = SparseId(found_[i + 1].key, layout.salt);
    ++begins_[bucket_of(ids_[i]) + 1];
  }
  uint32_t most_in_bucket = 0;
  for (size_t b = 1; b < begins_.size(); ++b) {
    most_in_bucket = std::max(most_in_bucket, begins_[b]);
    begins_[b] += begins_[b - 1];
  }
  for (uint32_t p = 0; p <= partitions_; ++p) {
    cut->offsets[p] = begins_[size_t{p} << (bits - partition_bits)];
  }
  // Filling a bucket moves its begin to its end, which is where the next one begins.
  for (size_t i = 0; i < unique_; ++i) {
    placed_[begins_[bucket_of(ids_[i])]++] = {ids_[i], static_cast<uint32_t>(i + 1)};
  }
  if (most_in_bucket <= kInsertMost) {
    InsertByNeighbours();
    return;
  }
  for (size_t begin = 0, b = 0; b + 1 < begins_.size(); begin = begins_[b++]) {
    std::sort(placed_.begin() + static_cast<ptrdiff_t>(begin),
              placed_.begin() + static_cast<ptrdiff_t>(begins_[b]),
              [](const Placed& a, const Placed& b) { return a.id < b.id; });
  }
}

// An insertion sort of what is in order but for neighbours.
void KeyCutter::InsertByNeighbours() {
  for (size_t i = 1; i < unique_; ++i) {
    if (placed_[i - 1].id < placed_[i].id) continue;
    const Placed placed = placed_[i];
    size_t at = i;
    for (; at > 0 && placed_[at - 1].id > placed.id; --at) placed_[at] = placed_[at - 1];
    placed_[at] = placed;
  }
}

void KeyCutter::PlaceDense(const TableLayout& layout, KeyCut* cut) {
  const auto partition_of = [&](uint64_t block) {
    return PartitionOfBlock(block, layout.salt, partitions_);
  };
  for (size_t i = 0; i < unique_; ++i) {
    const uint64_t block = found_[i + 1].key;
    CAIRN_CHECK(block < layout.blocks, "a block beyond the end of a dense table");
    placed_[i] = {block, static_cast<uint32_t>(i + 1)};
    ++cut->offsets[partition_of(block) + 1];
  }
  for (uint32_t p = 0; p < partitions_; ++p) cut->offsets[p + 1] += cut->offsets[p];
  std::sort(placed_.begin(), placed_.begin() + static_cast<ptrdiff_t>(unique_),
            [&](const Placed& a, const Placed& b) {
              const uint32_t pa = partition_of(a.id), pb = partition_of(b.id);
              return pa != pb ? pa < pb : a.id < b.id;
            });
}

void KeyCutter::Finish(KeyCut* cut) {
  cut->ids.resize(unique_);
  cut->counts.resize(unique_);
  for (uint32_t place = 0; place < unique_; ++place) {
    const Placed& placed = placed_[place];
    cut->ids[place] = placed.id;
    cut->counts[place] = found_[placed.found].count;
    places_[placed.found] = place;
  }
  for (uint32_t& position : cut->inverse) position = places_[position];
}

}  // namespace cairn
