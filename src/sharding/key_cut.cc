#include "sharding/key_cut.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/hash.h"
#include "sharding/placement.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr size_t kSlotsMin = 64;
constexpr size_t kKeysMax = size_t{1} << 31;

// Sparse ids are hashes already, and their low bits do not choose the partition; block indices lie
// close together.
template <TableSpec::Kind kKind>
uint64_t SlotHash(uint64_t id) {
  return kKind == TableSpec::Kind::kSparse ? id : Mix64(id);
}

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
  if (layout.kind == TableSpec::Kind::kSparse) {
    Collect<TableSpec::Kind::kSparse>(layout, keys, cut->inverse.data());
    Group<TableSpec::Kind::kSparse>(layout, cut.get());
  } else {
    Collect<TableSpec::Kind::kDense>(layout, keys, cut->inverse.data());
    Group<TableSpec::Kind::kDense>(layout, cut.get());
  }
  return cut;
}

// Finds the distinct ids. Afterwards inverse[i] is the position of keys[i] in found_ids_.
template <TableSpec::Kind kKind>
void KeyCutter::Collect(const TableLayout& layout, std::span<const Key> keys, uint32_t* inverse) {
  // The next batch is mostly as large as the one before: start with room for that.
  const size_t expected = std::min(keys.size(), found_ids_.size());
  found_ids_.clear();
  found_counts_.clear();
  StartGeneration(std::max(kSlotsMin, std::bit_ceil(2 * expected)));
  for (size_t i = 0; i < keys.size(); ++i) {
    uint64_t id = keys[i];
    if constexpr (kKind == TableSpec::Kind::kSparse) {
      id = SparseId(id, layout.salt);
    } else {
      CAIRN_CHECK(id < layout.blocks, "a block beyond the end of a dense table");
    }
    Slot& slot = SlotOf(id, SlotHash<kKind>(id));
    if (slot.generation == generation_) {
      ++found_counts_[slot.found];
      inverse[i] = slot.found;
      continue;
    }
    const uint32_t found = static_cast<uint32_t>(found_ids_.size());
    slot = {.id = id, .found = found, .generation = generation_};
    inverse[i] = found;
    found_ids_.push_back(id);
    found_counts_.push_back(1);
    if (2 * found_ids_.size() > slot_mask_) Grow<kKind>();
  }
}

// The slot that holds the id, or the free one where it belongs.
KeyCutter::Slot& KeyCutter::SlotOf(uint64_t id, uint64_t hash) {
  uint64_t at = hash & slot_mask_;
  while (slots_[at].generation == generation_ && slots_[at].id != id) at = (at + 1) & slot_mask_;
  return slots_[at];
}

template <TableSpec::Kind kKind>
void KeyCutter::Grow() {
  StartGeneration(2 * (slot_mask_ + 1));
  for (uint32_t found = 0; found < found_ids_.size(); ++found) {
    const uint64_t id = found_ids_[found];
    SlotOf(id, SlotHash<kKind>(id)) = {.id = id, .found = found, .generation = generation_};
  }
}

// All slots are free from here on.
void KeyCutter::StartGeneration(size_t slots) {
  if (slots_.size() < slots) slots_.resize(slots);
  slot_mask_ = slots - 1;
  if (generation_ == std::numeric_limits<uint32_t>::max()) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    generation_ = 0;
  }
  ++generation_;
}

// A stable counting sort of the found ids by partition, then the inverse in terms of its result.
template <TableSpec::Kind kKind>
void KeyCutter::Group(const TableLayout& layout, KeyCut* cut) {
  const size_t unique = found_ids_.size();
  places_.resize(unique);
  cut->offsets.assign(partitions_ + 1, 0);
  for (size_t i = 0; i < unique; ++i) {
    const uint32_t partition = kKind == TableSpec::Kind::kSparse
                                   ? PartitionOfSparseId(found_ids_[i], partitions_)
                                   : PartitionOfBlock(found_ids_[i], layout.salt, partitions_);
    places_[i] = partition;
    ++cut->offsets[partition + 1];
  }
  for (uint32_t p = 0; p < partitions_; ++p) cut->offsets[p + 1] += cut->offsets[p];

  // Filling a partition moves its offset to its end, which is where the next one begins.
  cut->ids.resize(unique);
  cut->counts.resize(unique);
  for (size_t i = 0; i < unique; ++i) {
    const uint32_t place = cut->offsets[places_[i]]++;
    places_[i] = place;
    cut->ids[place] = found_ids_[i];
    cut->counts[place] = found_counts_[i];
  }
  std::shift_right(cut->offsets.begin(), cut->offsets.end(), 1);
  cut->offsets.front() = 0;

  for (uint32_t& position : cut->inverse) position = places_[position];
}

}  // namespace cairn
