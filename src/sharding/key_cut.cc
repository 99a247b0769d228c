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
constexpr size_t kAhead = 16;  // Slots so many keys ahead are on their way into the cache.
constexpr int kBucketBitsMax = 16;

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
  // The next batch is mostly as large as the one before: start with room for that.
  StartGeneration(2 * std::min(keys.size(), unique_));
  unique_ = 0;
  if (found_.size() < keys.size() + 1) found_.resize(keys.size() + 1);
  Found* const found = found_.data();
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) PrefetchForWrite(&slots_[HomeOf(keys[i + kAhead])]);
    const Key key = keys[i];
    size_t at = HomeOf(key);
    while (slots_[at].generation == generation_ && slots_[at].key != key) {
      at = (at + 1) & slot_mask_;
    }
    // Whether the key is new is not foreseeable, so new and old keys take the same way.
    Slot& slot = slots_[at];
    const bool is_new = slot.generation != generation_;
    const auto next = static_cast<uint32_t>(unique_);
    found[next] = {key, 0};
    const uint32_t position = is_new ? next : slot.found;
    slot = {.key = key, .found = position, .generation = generation_};
    ++found[position].count;
    inverse[i] = position;
    unique_ += is_new ? 1 : 0;
    if (2 * unique_ > slot_mask_) Grow();
  }
}

void KeyCutter::Grow() {
  StartGeneration(2 * (slot_mask_ + 1));
  for (uint32_t position = 0; position < unique_; ++position) {
    const Key key = found_[position].key;
    size_t at = HomeOf(key);
    while (slots_[at].generation == generation_) at = (at + 1) & slot_mask_;
    slots_[at] = {.key = key, .found = position, .generation = generation_};
  }
}

// From here on so many slots, or a few more, are free.
void KeyCutter::StartGeneration(size_t slots) {
  const int bits =
      std::max(kSlotBitsMin, static_cast<int>(std::bit_width(std::max<size_t>(slots, 1) - 1)));
  slot_shift_ = 64 - bits;
  slot_mask_ = (size_t{1} << bits) - 1;
  if (slots_.size() <= slot_mask_) slots_.resize(slot_mask_ + 1);
  if (generation_ == std::numeric_limits<uint32_t>::max()) {
    std::fill(slots_.begin(), slots_.end(), Slot{});
    generation_ = 0;
  }
  ++generation_;
}

// Ids are hashes: a counting sort by enough of their top bits, among them those of the partition,
// leaves one or two in a bucket.
void KeyCutter::PlaceSparse(const TableLayout& layout, KeyCut* cut) {
  const int partition_bits = std::countr_zero(partitions_);
  const int bits = std::max(
      partition_bits, std::min(kBucketBitsMax, static_cast<int>(std::bit_width(unique_)) - 1));
  const auto bucket_of = [bits](uint64_t id) { return bits == 0 ? 0 : id >> (64 - bits); };
  begins_.assign((size_t{1} << bits) + 1, 0);
  places_.resize(unique_);
  placed_.resize(unique_);
  for (size_t i = 0; i < unique_; ++i) {
    ++begins_[bucket_of(SparseId(found_[i].key, layout.salt)) + 1];
  }
  for (size_t b = 1; b < begins_.size(); ++b) begins_[b] += begins_[b - 1];
  cut->offsets.resize(partitions_ + 1);
  for (uint32_t p = 0; p <= partitions_; ++p) {
    cut->offsets[p] = begins_[size_t{p} << (bits - partition_bits)];
  }
  // Filling a bucket moves its begin to its end, which is where the next one begins.
  for (size_t i = 0; i < unique_; ++i) {
    const uint64_t id = SparseId(found_[i].key, layout.salt);
    placed_[begins_[bucket_of(id)]++] = {id, static_cast<uint32_t>(i)};
  }
  uint32_t begin = 0;
  for (const uint32_t end : std::span(begins_).first(begins_.size() - 1)) {
    if (end - begin > 1) {
      std::sort(placed_.begin() + begin, placed_.begin() + end,
                [](const Placed& a, const Placed& b) { return a.id < b.id; });
    }
    begin = end;
  }
}

void KeyCutter::PlaceDense(const TableLayout& layout, KeyCut* cut) {
  placed_.resize(unique_);
  places_.resize(unique_);
  cut->offsets.assign(partitions_ + 1, 0);
  for (size_t i = 0; i < unique_; ++i) {
    CAIRN_CHECK(found_[i].key < layout.blocks, "a block beyond the end of a dense table");
    placed_[i] = {found_[i].key, static_cast<uint32_t>(i)};
    ++cut->offsets[PartitionOfBlock(found_[i].key, layout.salt, partitions_) + 1];
  }
  for (uint32_t p = 0; p < partitions_; ++p) cut->offsets[p + 1] += cut->offsets[p];
  std::sort(placed_.begin(), placed_.end(), [&](const Placed& a, const Placed& b) {
    const uint32_t pa = PartitionOfBlock(a.id, layout.salt, partitions_);
    const uint32_t pb = PartitionOfBlock(b.id, layout.salt, partitions_);
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
