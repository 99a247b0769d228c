// The least that a pull or a push can be: a loop over ids that finds each row in a hash table of
// the same fill and copies it or adds to it, with everything prefetched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/prefetch.h"

namespace cairn {

// Rows of the ids Mix64(0) .. Mix64(keys - 1), open addressing, 4 of 5 slots used. A row of one
// float lies in its slot.
class LookupLoop {
 public:
  LookupLoop(uint64_t keys, uint32_t width) : width_(width), slots_(keys + keys / 4 + 1) {
    CAIRN_CHECK(keys < UINT32_MAX);
    if (width_ > 1) rows_.resize(keys * width_);
    for (uint64_t key = 0; key < keys; ++key) {
      const uint64_t id = Mix64(key);
      size_t at = HomeOf(id);
      while (slots_[at].used) at = at + 1 == slots_.size() ? 0 : at + 1;
      slots_[at] = {id, static_cast<uint32_t>(key), true, {}, 1.0f};
    }
  }

  // All ids are there. rows: [ids.size() x width].
  void Pull(std::span<const uint64_t> ids, float* rows) {
    ForEach<&Prefetch>(
        ids, [&](size_t i, const float* row) { std::copy_n(row, width_, rows + i * width_); });
  }
  void Push(std::span<const uint64_t> ids, const float* gradients) {
    ForEach<&PrefetchForWrite>(ids, [&](size_t i, float* row) {
      const float* const gradient = gradients + i * width_;
      for (uint32_t k = 0; k < width_; ++k) row[k] += gradient[k];
    });
  }

 private:
  struct Slot {
    uint64_t id = 0;
    uint32_t row = 0;
    bool used = false;
    char unused[3] = {};
    float value = 0;
  };
  static constexpr size_t kAhead = 16;
  static constexpr size_t kLineFloats = 16;

  size_t HomeOf(uint64_t id) const {
    return static_cast<size_t>((static_cast<unsigned __int128>(id) * slots_.size()) >> 64);
  }
  Slot* Find(uint64_t id) {
    size_t at = HomeOf(id);
    while (slots_[at].id != id) at = at + 1 == slots_.size() ? 0 : at + 1;
    return &slots_[at];
  }

  // Slots are on their way two groups ahead, rows one.
  template <auto kPrefetch, typename Body>
  void ForEach(std::span<const uint64_t> ids, const Body& body) {
    for (size_t i = 0; i < std::min(kAhead, ids.size()); ++i) Prefetch(&slots_[HomeOf(ids[i])]);
    float* rows[kAhead] = {};
    for (size_t begin = 0; begin < ids.size(); begin += kAhead) {
      const size_t end = std::min(begin + kAhead, ids.size());
      for (size_t i = begin; i < end; ++i) {
        if (i + kAhead < ids.size()) Prefetch(&slots_[HomeOf(ids[i + kAhead])]);
        Slot* const slot = Find(ids[i]);
        float* const row = width_ == 1 ? &slot->value : rows_.data() + size_t{slot->row} * width_;
        rows[i - begin] = row;
        for (uint32_t k = 0; width_ > 1 && k < width_; k += kLineFloats) kPrefetch(row + k);
      }
      for (size_t i = begin; i < end; ++i) body(i, rows[i - begin]);
    }
  }

  const uint32_t width_;
  std::vector<Slot> slots_;
  std::vector<float> rows_;
};

}  // namespace cairn
