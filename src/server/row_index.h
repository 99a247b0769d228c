// id -> position of its row: the hash index of one sparse table in one partition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn {

// Open addressing with linear probing, kept in order: ids are hashes already, an id's home slot is
// its top bits (below those that all ids of the partition share), and within a run of slots ids
// ascend. So the whole array ascends, a snapshot's scan is a walk, a miss ends at the first larger
// id, and every 64-bit id is legal: a slot is empty if its position is 0. Runs that begin at the
// end overflow into a tail behind the last home; they never wrap around.
//
// O(1) for ids that are spread evenly, as SparseId makes them; O(run) if they cluster. Not
// thread-safe. Positions are the caller's, from 1 to 2^32 - 1.
class RowIndex {
 public:
  // `shared_bits`: how many top bits all ids have in common, below 32.
  explicit RowIndex(int shared_bits);

  size_t size() const { return size_; }
  size_t bytes() const { return slots_.capacity() * sizeof(Slot); }

  // Brings the line of the id's home slot into the cache.
  void Prefetch(uint64_t id) const { __builtin_prefetch(&slots_[Home(id)]); }

  // 0 if there is none.
  uint32_t Find(uint64_t id) const {
    const Slot& slot = slots_[LowerBound(id)];
    return slot.id == id ? slot.position : 0;
  }

  // The position of `id`; 0 if it was just added: then store one that is not 0 before the next
  // call. The pointer is valid until then.
  uint32_t* FindOrAdd(uint64_t id);

  // Removes `id`; returns its position, or 0 if there was none.
  uint32_t Erase(uint64_t id);

  // The ids in [first, last], ascending, at most `most`, appended to `ids`. O(most).
  void IdsInRange(uint64_t first, uint64_t last, size_t most, std::vector<uint64_t>* ids) const;

 private:
  struct Slot {
    uint64_t id = 0;
    uint32_t position = 0;  // 0: empty.
  };

  size_t Home(uint64_t id) const { return (id << shared_bits_) >> home_shift_; }
  // The first slot from the id's home on that is empty or holds `id` or a larger one. There is
  // one: the last slot of the array is always empty.
  size_t LowerBound(uint64_t id) const {
    size_t at = Home(id);
    while (slots_[at].position != 0 && slots_[at].id < id) ++at;
    return at;
  }
  void Grow();

  const int shared_bits_;
  int home_shift_;           // 64 - log2(home slots).
  size_t size_ = 0;          // Occupied slots.
  std::vector<Slot> slots_;  // [home slots + tail].
};

}  // namespace cairn
