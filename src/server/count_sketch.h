// How often keys that have no row have occurred, about, in a fixed number of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cairn {

// A count-min sketch (Cormode, Muthukrishnan 2005) with conservative update (Estan, Varghese 2002):
// an id has four counters, the least of them is its count, and what rises is only what is below the
// new one. All four lie in one line of memory, chosen by the id's first bits, so that ascending ids
// go through the sketch in order. Counters have 1, 2, 4 or 8 bits, as many as the counts take.
//
// When so much was counted that strangers' counts would soon be taken for an id's, all counters are
// halved: what has not been seen for long is forgotten. Until then no count is too small.
//
// Its content is a function of what was added, in which order. Not thread-safe.
class CountSketch {
 public:
  static constexpr uint64_t kLineBytes = 64;

  // Counts up to `count_most`, 1 .. 255, of ids that have their first `shared_bits` in common.
  // `bytes` is a power of two, at least kLineBytes; they are taken with the first Add.
  CountSketch(uint64_t bytes, uint32_t count_most, int shared_bits);

  // The count of `id` after `more` occurrences, beyond count_most too.
  uint64_t Add(uint64_t id, uint32_t more);
  void Prefetch(uint64_t id) const;

  // For snapshots. The counters' bytes, empty: all of them 0.
  std::span<const std::byte> counters() const { return counters_; }
  uint64_t bytes() const { return bytes_; }      // When they are not empty.
  uint64_t counted() const { return counted_; }  // Since they were last halved.
  void set_counted(uint64_t counted) { counted_ = counted; }
  // Overwrites counters from byte `offset` on, which is within bytes() with all that follows.
  void Restore(uint64_t offset, std::span<const std::byte> counters);

  // How much is counted until counters are halved.
  uint64_t CountedMost() const;

 private:
  static constexpr size_t kRows = 4;  // Counters of an id.

  std::byte* LineOf(uint64_t id);
  void Halve();

  const uint64_t bytes_;
  const uint32_t count_most_;
  const int shared_bits_;
  const uint32_t counter_bits_;
  uint64_t counted_ = 0;
  std::vector<std::byte> counters_;
};

}  // namespace cairn
