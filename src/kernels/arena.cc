#include "kernels/arena.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace cairn {

void Arena::BeginDryRun() {
  CAIRN_CHECK(!is_dry_ && used_ == 0);
  is_dry_ = true;
  high_water_ = 0;
}

size_t Arena::EndDryRun() {
  CAIRN_CHECK(is_dry_);
  is_dry_ = false;
  used_ = 0;
  return high_water_;
}

void Arena::SetMemory(std::byte* memory, size_t bytes) {
  CAIRN_CHECK(!is_dry_ && used_ == 0);
  CAIRN_CHECK(reinterpret_cast<uintptr_t>(memory) % kAlignment == 0);
  memory_ = memory;
  bytes_ = bytes;
}

void Arena::Rewind(size_t mark) {
  CAIRN_CHECK(mark <= used_);
  used_ = mark;
}

std::byte* Arena::TakeBytes(size_t bytes) {
  const size_t begin = used_;
  used_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  high_water_ = std::max(high_water_, used_);
  if (is_dry_) return nullptr;
  CAIRN_CHECK(used_ <= bytes_, "a step takes more memory than its dry run said");
  return memory_ + begin;
}

}  // namespace cairn
