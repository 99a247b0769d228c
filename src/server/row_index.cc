#include "server/row_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

constexpr int kFirstBits = 3;     // 8 home slots in an empty index.
constexpr size_t kTailMax = 128;  // At the load we keep, runs of evenly spread ids are shorter.

size_t TailOf(size_t homes) { return std::min(homes, kTailMax); }

}  // namespace

RowIndex::RowIndex(int shared_bits)
    : shared_bits_(shared_bits),
      home_shift_(64 - kFirstBits),
      slots_((size_t{1} << kFirstBits) + TailOf(size_t{1} << kFirstBits)) {
  CAIRN_CHECK(shared_bits >= 0 && shared_bits < 32);
}

uint32_t* RowIndex::FindOrAdd(uint64_t id) {
  size_t at = LowerBound(id);
  if (slots_[at].position != 0 && slots_[at].id == id) return &slots_[at].position;
  const size_t homes = size_t{1} << (64 - home_shift_);
  if (4 * (size_ + 1) > 3 * homes) {
    Grow();
    at = LowerBound(id);
  }
  size_t free = at;
  while (slots_[free].position != 0) ++free;
  if (free + 1 == slots_.size()) slots_.resize(slots_.size() + slots_.size() / 8 + 1);
  std::move_backward(slots_.begin() + static_cast<ptrdiff_t>(at),
                     slots_.begin() + static_cast<ptrdiff_t>(free),
                     slots_.begin() + static_cast<ptrdiff_t>(free) + 1);
  slots_[at] = {id, 0};
  ++size_;
  return &slots_[at].position;
}

uint32_t RowIndex::Erase(uint64_t id) {
  size_t at = LowerBound(id);
  if (slots_[at].position == 0 || slots_[at].id != id) return 0;
  const uint32_t position = slots_[at].position;
  // What was pushed to the right by this id moves back, up to the first that is at home.
  while (slots_[at + 1].position != 0 && Home(slots_[at + 1].id) <= at) {
    slots_[at] = slots_[at + 1];
    ++at;
  }
  slots_[at] = {};
  --size_;
  return position;
}

void RowIndex::Grow() {
  --home_shift_;
  const size_t homes = size_t{1} << (64 - home_shift_);
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(homes + TailOf(homes)));
  size_t next = 0;  // Homes ascend with ids, so one pass in order fills the new array.
  for (const Slot& slot : old) {
    if (slot.position == 0) continue;
    next = std::max(next, Home(slot.id));
    if (next + 1 >= slots_.size()) slots_.resize(slots_.size() + slots_.size() / 8 + 1);
    slots_[next++] = slot;
  }
  CAIRN_CHECK(slots_.back().position == 0, "probing needs an empty slot at the end");
}

void RowIndex::IdsInRange(uint64_t first, uint64_t last, size_t most,
                          std::vector<uint64_t>* ids) const {
  size_t at = Home(first);
  for (; at < slots_.size() && most > 0; ++at) {
    const Slot& slot = slots_[at];
    if (slot.position == 0 || slot.id < first) continue;
    if (slot.id > last) return;
    ids->push_back(slot.id);
    --most;
  }
}

}  // namespace cairn
