// id -> row: the storage of one sparse table in one partition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/prefetch.h"
#include "base/reserved_memory.h"
#include "server/row_count.h"
#include "server/row_slab.h"

namespace cairn {

// Ordered linear probing (Amble, Knuth 1974) in segments that grow in place. Ids are hashes
// already: their top bits choose the segment, the next ones the home in it, which is the first of
// four slots, and within a segment entries ascend by id, so that a scan is a walk, a miss ends at
// the first larger id, and every 64-bit id is legal.
//
// An entry is one word, then the row. The word holds the low 55 bits of the id, inverted, above the
// row's dirty bit and its count: all entries of a segment have the same top 9 bits at least.
// Inverted, larger ids are smaller words, and 0, as fresh pages read, is the smallest: a search
// goes on by as many slots as hold larger words, over free slots and the end of a run alike. Rows
// of more than kInlineWordsMax words lie in a slab, and the entry holds their position. Where rows
// have stamps, two bits between dirty bit and id are theirs, and segments have 11 bits in common.
//
// A segment grows by a twelfth, inside address space that was reserved for it, so nothing is copied
// elsewhere and nothing is freed; when it is large it is cut in two. So memory follows the rows,
// and no operation takes longer than one segment does, about 0.2 ms.
//
// O(1) for ids that are spread evenly, as SparseId makes them; O(rows) if they cluster. Not
// thread-safe.
class RowTable {
 public:
  static constexpr uint32_t kInlineWordsMax = 6;

  // Whether rows have a stamp: a number below kStampEnd, which is the caller's.
  enum class Stamps : uint8_t { kNone, kTwoBits };
  static constexpr uint32_t kStampEnd = 4;

  // For ids from `first_id` on that have their top `shared_bits` (below 32) in common with it; its
  // other bits are 0. A row has `row_words` words, at least 1.
  RowTable(uint64_t first_id, int shared_bits, uint32_t row_words, Stamps stamps = Stamps::kNone);

  // A row. Valid until one is added or erased, its words until it is erased if they are in a slab.
  class Row {
   public:
    RowCount count() const { return RowCount::FromByte(static_cast<uint8_t>(*entry_)); }
    void set_count(RowCount count) { *entry_ = static_cast<std::byte>(count.byte()); }
    // The caller's; a new row is clean.
    bool dirty() const { return (entry_[1] & kDirtyBit) != std::byte{0}; }
    void MarkDirty() { entry_[1] |= kDirtyBit; }
    void MarkClean() { entry_[1] &= ~kDirtyBit; }
    // Of tables with stamps only.
    uint32_t stamp() const { return static_cast<uint32_t>(entry_[1] & kStampMask) >> kDirtyBits; }
    void set_stamp(uint32_t stamp) {
      const auto moved = static_cast<std::byte>(stamp << kDirtyBits);
      entry_[1] = (entry_[1] & ~kStampMask) | (moved & kStampMask);
    }
    float* words() const { return words_; }

   private:
    friend class RowTable;
    static constexpr int kDirtyBits = 1;
    static constexpr std::byte kDirtyBit{1};
    static constexpr std::byte kStampMask{(kStampEnd - 1) << kDirtyBits};
    Row(std::byte* entry, float* words) : entry_(entry), words_(words) {}
    std::byte* entry_;
    float* words_;
  };

  // Of memory, the entry's and its share of the free slots included, at the mean load.
  static uint64_t BytesPerRow(uint32_t row_words);

  uint64_t size() const { return size_; }
  uint64_t bytes() const;  // Of memory, about; address space is not counted.
  // False: words are in a slab, worth a prefetch of their own.
  bool has_rows_inline() const { return !slab_.has_value(); }

  // Where the search for an id begins. Good for as long as layout() is the same.
  using Home = std::byte*;
  uint64_t layout() const { return layout_; }

  // Brings the id's home, and what lies behind it, into the cache.
  Home Prefetch(uint64_t id) const {
    const Home home = HomeOf(SegmentOf(id), id);
    cairn::Prefetch(home);
    cairn::Prefetch(home + kLineBytes);
    return home;
  }

  std::optional<Row> Find(uint64_t id) const { return Find(id, HomeOf(SegmentOf(id), id)); }
  std::optional<Row> Find(uint64_t id, Home home) const {
    std::byte* entry = LowerBound(home, id);
    if (!Holds(entry, id)) return std::nullopt;
    return RowAt(entry);
  }

  // The row of `id`. If there was none, *added is set, its count is Never(), its stamp is 0 and its
  // words are the caller's to fill in.
  Row FindOrAdd(uint64_t id, bool* added) {
    return FindOrAdd(id, HomeOf(SegmentOf(id), id), added);
  }
  Row FindOrAdd(uint64_t id, Home home, bool* added) {
    std::byte* entry = LowerBound(home, id);
    *added = !Holds(entry, id);
    return RowAt(*added ? Insert(id, entry) : entry);
  }

  // False if there was none.
  bool Erase(uint64_t id);

  // The ids in [first, last], ascending, at most `most`, appended to `ids`. All of them have the
  // shared bits; `first` too. O(most).
  void IdsInRange(uint64_t first, uint64_t last, size_t most, std::vector<uint64_t>* ids) const {
    if (most == 0) return;
    ForEachFrom(first, [&](uint64_t id, const Row&) {
      if (id > last) return false;
      ids->push_back(id);
      return --most > 0;
    });
  }

  // Calls visit(id, row) for rows from `first` on, ids ascending, until it returns false. Nothing
  // is added or erased meanwhile. False if visit ended it.
  template <typename Visit>
  bool ForEachFrom(uint64_t first, const Visit& visit) const;

 private:
  static constexpr size_t kLineBytes = 64;
  static constexpr int kCountBits = 8;
  static constexpr int kStampBits = 2;
  static constexpr int kDepthBits = 6;
  static constexpr uint32_t kHomeSlots = 4;

  // What a search needs of a segment.
  struct Place {
    std::byte* entries = nullptr;
    uint32_t homes = 0;   // Slots, a multiple of kHomeSlots.
    uint32_t packed = 0;  // index and depth, so that a place takes 16 bytes.

    uint32_t index() const { return packed >> kDepthBits; }
    // How many bits below the table's shared ones all its ids have in common.
    uint32_t depth() const { return packed & ((1u << kDepthBits) - 1); }
    void Set(uint32_t index, uint32_t depth) { packed = index << kDepthBits | depth; }
  };
  struct Segment {
    Place place;
    uint64_t first_id = 0;  // The smallest that belongs here.
    uint32_t size = 0;
    uint32_t slots = kHomeSlots;  // Homes and the tail, whose last kHomeSlots are always free.
    uint32_t capacity = 0;        // Slots of its address space; 0: none yet.
  };

  const Place& SegmentOf(uint64_t id) const {
    return directory_[((id << shared_bits_) >> 1) >> (63 - directory_bits_)];
  }
  uint64_t HomeSlotOf(const Place& place, uint64_t id) const {
    const uint64_t rest = id << shared_bits_ << place.depth();
    const unsigned __int128 product =
        static_cast<unsigned __int128>(rest) * (place.homes / kHomeSlots);
    return static_cast<uint64_t>(product >> 64) * kHomeSlots;
  }
  std::byte* HomeOf(const Place& place, uint64_t id) const {
    return place.entries + HomeSlotOf(place, id) * stride_;
  }
  static uint64_t WordAt(const std::byte* entry) {
    uint64_t word;
    std::memcpy(&word, entry, sizeof word);
    return word;
  }
  // The largest word that an entry of this id may have.
  uint64_t WordMost(uint64_t id) const { return ~id << other_bits_ | other_mask_; }
  bool Holds(const std::byte* entry, uint64_t id) const {
    const uint64_t word = WordAt(entry);
    return word != 0 && (word | other_mask_) == WordMost(id);
  }
  // The first slot from the id's home on that is free or holds `id` or a larger one.
  std::byte* LowerBound(const Place& place, uint64_t id) const {
    return LowerBound(HomeOf(place, id), id);
  }
  std::byte* LowerBound(Home home, uint64_t id) const {
    const uint64_t word = WordMost(id);
    std::byte* entry = home;
    // Words descend to the end of the run, and all behind it are smaller than this one too: so how
    // many of four are larger is how far to go, without a branch that cannot be foreseen.
    while (true) {
      size_t larger = WordAt(entry) > word ? 1 : 0;
      larger += WordAt(entry + stride_) > word ? 1 : 0;
      larger += WordAt(entry + 2 * stride_) > word ? 1 : 0;
      larger += WordAt(entry + 3 * stride_) > word ? 1 : 0;
      entry += larger * stride_;
      if (larger < kHomeSlots) return entry;
    }
  }
  Row RowAt(std::byte* entry) const {
    if (!slab_) return {entry, reinterpret_cast<float*>(entry + sizeof(uint64_t))};
    uint32_t position;
    std::memcpy(&position, entry + sizeof(uint64_t), sizeof position);
    return {entry, slab_->Row(position)};
  }
  uint64_t IdAt(const Segment& segment, const std::byte* entry) const {
    const uint64_t stored = ~uint64_t{0} >> other_bits_;
    return (segment.first_id & ~stored) | (~(WordAt(entry) >> other_bits_) & stored);
  }
  const Place* PlaceBehind(const Place& place) const;

  // Calls work(stride_), as a constant, so that loops over entries copy them without a call for
  // each.
  template <typename Work>
  auto WithStride(const Work& work) const;

  std::byte* Insert(uint64_t id, std::byte* at);
  void MakeRoom(Segment* segment);
  std::byte* Reserve(uint32_t slots);
  uint32_t SlotsOfWholePages(uint64_t slots) const;
  bool MayCut(const Segment& segment) const;
  void Cut(uint32_t index);
  void SetHomes(Segment* segment, uint32_t homes);
  void MoveUpperHalf(Segment* lower, Segment* upper);
  struct Packed {
    const std::byte* entries;
    uint32_t slots_needed;
  };
  Packed PackRight(const Segment& segment) const;
  void Spread(Segment* segment, const std::byte* packed, std::byte* dirty_end);
  void Publish(const Segment& segment);

  const int shared_bits_;
  const int other_bits_;       // Of an entry's word, what is not the id's: count, dirty, stamp;
  const uint64_t other_mask_;  // all these bits.
  const uint32_t stride_;      // Bytes of an entry.
  uint64_t size_ = 0;
  uint64_t layout_ = 0;
  int directory_bits_;
  std::vector<Place> directory_;   // By the first directory_bits_ below the shared ones.
  std::vector<Segment> segments_;  // In order of their making.
  std::vector<ReservedMemory> arenas_;
  size_t arena_used_ = 0;  // Bytes of the last one.
  std::optional<RowSlab> slab_;
};

template <typename Work>
auto RowTable::WithStride(const Work& work) const {
  constexpr auto kStrideOf = [](uint32_t words) {
    return sizeof(uint64_t) + words * sizeof(float);
  };
  switch (stride_) {
    case kStrideOf(1):
      return work(std::integral_constant<size_t, kStrideOf(1)>());
    case kStrideOf(2):
      return work(std::integral_constant<size_t, kStrideOf(2)>());
    case kStrideOf(3):
      return work(std::integral_constant<size_t, kStrideOf(3)>());
    default:
      return work(size_t{stride_});
  }
}

template <typename Visit>
bool RowTable::ForEachFrom(uint64_t first, const Visit& visit) const {
  const Place* place = &SegmentOf(first);
  const std::byte* begin = LowerBound(*place, first);
  while (place != nullptr) {
    const Segment& segment = segments_[place->index()];
    std::byte* const entries = segment.place.entries;
    const size_t stride = stride_;
    const std::byte* const end = entries + segment.slots * stride;
    for (std::byte* entry = entries + (begin - entries); entry < end; entry += stride) {
      if (WordAt(entry) == 0) continue;
      if (!visit(IdAt(segment, entry), RowAt(entry))) return false;
    }
    place = PlaceBehind(*place);
    if (place != nullptr) begin = place->entries;
  }
  return true;
}

}  // namespace cairn
