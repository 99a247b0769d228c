#include "server/row_table.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace cairn {
namespace {

// Searches slow down quickly beyond this load, and memory is the inverse of its mean between two
// growths (bench/README.md).
constexpr uint64_t kLoadMaxPercent = 86;
constexpr uint32_t kGrowth = 12;          // A segment grows by a twelfth,
constexpr uint32_t kHomesMax = 1u << 15;  // and is cut when it would grow beyond this.
constexpr uint32_t kTail = 64;            // Of the runs that begin at the last homes.
constexpr uint32_t kRegionSlots = kHomesMax + kTail;
constexpr size_t kRegionsPerArena = 16;
constexpr int kDirectoryBitsMax = 26;
// Ids that are not spread evenly would double the directory for a few rows: it may have an entry
// for so many rows. With evenly spread ones it has one for twice as many.
constexpr uint64_t kRowsPerPlaceMin = 4096;

// What segments without rows have for entries: a home of free slots, whatever their size.
alignas(64) std::byte free_slots[256] = {};

bool IsTooFull(uint64_t size, uint64_t homes) { return size * 100 > homes * kLoadMaxPercent; }

// The homes of a segment that has just been cut to `size` rows: as if it had just grown.
uint32_t HomesFor(uint64_t size) {
  return static_cast<uint32_t>(size * 100 * (kGrowth + 1) / (kLoadMaxPercent * kGrowth) + 1);
}

uint32_t StrideFor(uint32_t row_words) {
  const uint32_t words = row_words <= RowTable::kInlineWordsMax ? row_words : 1;
  return static_cast<uint32_t>(sizeof(uint64_t) + words * sizeof(float));
}

}  // namespace

// Entries have all of an id but as many bits as count, dirty bit and stamp take; those are its
// segment's. It is one segment at first: an empty one is cut when it gets its first row.
RowTable::RowTable(uint64_t first_id, int shared_bits, uint32_t row_words, Stamps stamps)
    : shared_bits_(shared_bits),
      other_bits_(kCountBits + Row::kDirtyBits + (stamps == Stamps::kNone ? 0 : kStampBits)),
      other_mask_((uint64_t{1} << other_bits_) - 1),
      stride_(StrideFor(row_words)),
      directory_bits_(std::max(other_bits_ - shared_bits, 0)) {
  CAIRN_CHECK(shared_bits >= 0 && shared_bits < 32 && row_words > 0);
  CAIRN_CHECK(shared_bits == 0 ? first_id == 0 : first_id << shared_bits == 0);
  if (row_words > kInlineWordsMax) slab_.emplace(row_words);
  Segment& all = segments_.emplace_back();
  all.place = {.entries = free_slots, .homes = kHomeSlots};
  all.first_id = first_id;
  directory_.resize(size_t{1} << directory_bits_, all.place);
}

uint64_t RowTable::BytesPerRow(uint32_t row_words) {
  constexpr uint64_t kMeanLoadPercent = kLoadMaxPercent - kLoadMaxPercent / kGrowth / 2;
  const uint64_t apart = row_words <= kInlineWordsMax ? 0 : row_words * sizeof(float);
  return apart + (StrideFor(row_words) * 100 + kMeanLoadPercent - 1) / kMeanLoadPercent;
}

uint64_t RowTable::bytes() const {
  const uint64_t page = ReservedMemory::PageBytes();
  uint64_t bytes = directory_.capacity() * sizeof(Place) + segments_.capacity() * sizeof(Segment);
  for (const Segment& segment : segments_) {
    if (segment.capacity == 0) continue;
    bytes += (uint64_t{segment.slots} * stride_ + page - 1) / page * page;
  }
  return bytes + (slab_ ? slab_->bytes() : 0);
}

// Adds an entry for an id that has none; `at` is where LowerBound has looked for it.
std::byte* RowTable::Insert(uint64_t id, std::byte* at) {
  while (true) {
    Segment& segment = segments_[SegmentOf(id).index()];
    std::byte* free = at;
    while (WordAt(free) != 0) free += stride_;
    std::byte* end = segment.place.entries + size_t{segment.slots - kHomeSlots} * stride_;
    if (free >= end || IsTooFull(segment.size + 1, segment.place.homes)) {
      MakeRoom(&segment);
      at = LowerBound(SegmentOf(id), id);
      continue;
    }
    std::memmove(at + stride_, at, static_cast<size_t>(free - at));
    const uint64_t word = (WordMost(id) ^ other_mask_) | RowCount::Never().byte();
    std::memcpy(at, &word, sizeof word);
    if (slab_) {
      const uint32_t position = slab_->Allocate();
      std::memcpy(at + sizeof word, &position, sizeof position);
    }
    ++segment.size;
    ++size_;
    return at;
  }
}

bool RowTable::Erase(uint64_t id) {
  Segment& segment = segments_[SegmentOf(id).index()];
  std::byte* entry = LowerBound(segment.place, id);
  if (!Holds(entry, id)) return false;
  if (slab_) {
    uint32_t position;
    std::memcpy(&position, entry + sizeof(uint64_t), sizeof position);
    slab_->Free(position);
  }
  // What was pushed to the right by this id moves back, up to the first that is at home.
  std::byte* end = entry + stride_;
  for (; WordAt(end) != 0; end += stride_) {
    const auto slot = static_cast<uint64_t>(end - segment.place.entries) / stride_;
    if (HomeSlotOf(segment.place, IdAt(segment, end)) >= slot) break;
  }
  std::memmove(entry, entry + stride_, static_cast<size_t>(end - entry) - stride_);
  std::memset(end - stride_, 0, stride_);
  --segment.size;
  --size_;
  if (segment.slots > SlotsOfWholePages(0) && segment.size < segment.place.homes / 2) {
    SetHomes(&segment, HomesFor(segment.size));
  }
  return true;
}

// The first place of the next segment, null behind the last one: a segment's first place has a
// multiple of its share of the directory as its number.
const RowTable::Place* RowTable::PlaceBehind(const Place& place) const {
  const size_t share = size_t{1} << (directory_bits_ - static_cast<int>(place.depth()));
  const auto number = static_cast<size_t>(&place - directory_.data()) / share * share + share;
  return number == directory_.size() ? nullptr : &directory_[number];
}

// ---- Growing --------------------------------------------------------------------------------

// Afterwards a row more has its place in the segment, or is nearer to having it.
void RowTable::MakeRoom(Segment* segment) {
  const uint32_t homes = segment->place.homes;
  const uint32_t grown = homes + std::max(homes / kGrowth, 1u);
  if (static_cast<int>(segment->place.depth()) + shared_bits_ < other_bits_) {
    Cut(segment->place.index());                      // It is empty.
  } else if (!IsTooFull(segment->size + 1, homes)) {  // The tail is, because ids cluster.
    if (segment->slots + kTail <= segment->capacity) {
      segment->slots += kTail;
    } else {
      SetHomes(segment, homes);
    }
  } else if (grown > kHomesMax && MayCut(*segment)) {
    Cut(segment->place.index());
  } else {
    SetHomes(segment, grown);
  }
}

std::byte* RowTable::Reserve(uint32_t slots) {
  const size_t page = ReservedMemory::PageBytes();
  const size_t bytes = (size_t{slots} * stride_ + page - 1) / page * page;
  if (arenas_.empty() || arenas_.back().bytes() - arena_used_ < bytes) {
    arenas_.emplace_back(bytes * kRegionsPerArena);
    arena_used_ = 0;
  }
  return arenas_.back().data() + std::exchange(arena_used_, arena_used_ + bytes);
}

// At least so many, and at least a page full.
uint32_t RowTable::SlotsOfWholePages(uint64_t slots) const {
  const uint64_t page = ReservedMemory::PageBytes();
  const uint64_t bytes = std::max((slots * stride_ + page - 1) / page * page, page);
  return static_cast<uint32_t>(bytes / stride_);
}

// Gives a segment at least so many homes, as many as fill its pages, and its entries, which may lie
// anywhere in its slots as long as they ascend, their places.
void RowTable::SetHomes(Segment* segment, uint32_t homes) {
  CAIRN_CHECK(homes < std::numeric_limits<uint32_t>::max() / 4);
  uint32_t slots = SlotsOfWholePages(homes + kTail);
  segment->place.homes = std::max((slots - kTail) / kHomeSlots, 1u) * kHomeSlots;
  const Packed packed = PackRight(*segment);
  if (packed.slots_needed > slots) slots = SlotsOfWholePages(packed.slots_needed + kTail);
  const uint32_t slots_most = std::max(slots, segment->slots);
  const size_t bytes = size_t{segment->size} * stride_;
  std::byte* const old = segment->place.entries;
  segment->slots = slots;
  if (slots <= segment->capacity) {
    std::byte* const end = old + size_t{slots_most} * stride_;
    std::memmove(end - bytes, packed.entries, bytes);
    return Spread(segment, end - bytes, end);
  }
  // A first region, or a larger one for ids that cluster.
  const uint32_t capacity = std::max(kRegionSlots, slots + slots / 2);
  segment->place.entries = Reserve(capacity);
  std::byte* const end = segment->place.entries + size_t{slots} * stride_;
  std::memcpy(end - bytes, packed.entries, bytes);
  if (segment->capacity > 0) DiscardPages(old, old + size_t{segment->capacity} * stride_);
  segment->capacity = capacity;
  Spread(segment, end - bytes, end);
}

// Moves a segment's entries, in order, to the end of its slots. As for how many slots they need
// with the homes that are set: an entry's place is at or behind its home, and all entries from it
// on are behind that.
RowTable::Packed RowTable::PackRight(const Segment& segment) const {
  return WithStride([&](auto stride) {
    std::byte* to = segment.place.entries + size_t{segment.slots} * stride;
    uint64_t needed = 0, count = 0;
    for (std::byte* from = to; from != segment.place.entries;) {
      from -= stride;
      if (WordAt(from) == 0) continue;
      needed = std::max(needed, HomeSlotOf(segment.place, IdAt(segment, from)) + ++count);
      to -= stride;
      std::memmove(to, from, stride);
    }
    return Packed{to, static_cast<uint32_t>(needed) + kHomeSlots};  // The free ones at the end.
  });
}

// Gives the entries from `packed` on their places, from left to right: none overtakes what is still
// to be moved, because that fits behind it. Frees all other slots before `dirty_end`.
void RowTable::Spread(Segment* segment, const std::byte* packed, std::byte* dirty_end) {
  std::byte* const free = WithStride([&](auto stride) {
    std::byte* free = segment->place.entries;
    for (uint32_t i = 0; i < segment->size; ++i, packed += stride) {
      const uint64_t slot = HomeSlotOf(segment->place, IdAt(*segment, packed));
      std::byte* const home = segment->place.entries + slot * stride;
      for (; free < home; free += stride) std::memset(free, 0, stride);
      if (free != packed) std::memmove(free, packed, stride);
      free += stride;
    }
    return free;
  });
  std::memset(free, 0, static_cast<size_t>(dirty_end - free));
  DiscardPages(segment->place.entries + size_t{segment->slots} * stride_, dirty_end);
  Publish(*segment);
}

// Tells the directory where the segment is.
void RowTable::Publish(const Segment& segment) {
  ++layout_;
  const int depth = static_cast<int>(segment.place.depth());
  const auto first = static_cast<size_t>(&SegmentOf(segment.first_id) - directory_.data());
  std::fill_n(directory_.begin() + static_cast<ptrdiff_t>(first),
              size_t{1} << (directory_bits_ - depth), segment.place);
}

bool RowTable::MayCut(const Segment& segment) const {
  if (static_cast<int>(segment.place.depth()) < directory_bits_) return true;
  return directory_bits_ < kDirectoryBitsMax && 2 * directory_.size() * kRowsPerPlaceMin <= size_;
}

// Cuts a segment in two, by the next bit of the ids.
void RowTable::Cut(uint32_t index) {
  if (static_cast<int>(segments_[index].place.depth()) == directory_bits_) {
    std::vector<Place> twice;
    twice.reserve(2 * directory_.size());
    for (const Place& place : directory_) twice.insert(twice.end(), 2, place);
    directory_ = std::move(twice);
    ++directory_bits_;
  }
  segments_.emplace_back();
  Segment& lower = segments_[index];
  Segment& upper = segments_.back();
  const uint32_t depth = lower.place.depth() + 1;
  lower.place.Set(index, depth);
  upper.first_id = lower.first_id | uint64_t{1}
                                        << (64 - static_cast<uint32_t>(shared_bits_) - depth);
  upper.place = {.entries = free_slots, .homes = kHomeSlots};
  upper.place.Set(static_cast<uint32_t>(segments_.size() - 1), depth);
  if (lower.capacity > 0) {
    MoveUpperHalf(&lower, &upper);
  } else {
    Publish(lower);
    Publish(upper);
  }
}

void RowTable::MoveUpperHalf(Segment* lower, Segment* upper) {
  std::byte* const end = lower->place.entries + size_t{lower->slots} * stride_;
  std::byte* cut = end;
  for (uint32_t left = lower->size; left > 0; --left) {
    std::byte* before = cut - stride_;
    while (WordAt(before) == 0) before -= stride_;
    if (IdAt(*lower, before) < upper->first_id) break;
    cut = before;
    ++upper->size;
  }
  // As they lie, gaps included.
  upper->slots = static_cast<uint32_t>(static_cast<size_t>(end - cut) / stride_);
  upper->capacity = std::max(kRegionSlots, upper->slots);
  upper->place.entries = Reserve(upper->capacity);
  std::memcpy(upper->place.entries, cut, static_cast<size_t>(end - cut));
  std::memset(cut, 0, static_cast<size_t>(end - cut));
  lower->size -= upper->size;
  SetHomes(lower, HomesFor(lower->size));
  SetHomes(upper, HomesFor(upper->size));
}

}  // namespace cairn
