#include "train/distinct_counter.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"

namespace cairn {
namespace {

constexpr int kIndexBits = 14;
constexpr size_t kRegisters = size_t{1} << kIndexBits;
// Another hash than the one that places keys in partitions.
constexpr uint64_t kSeed = 0xD157;

}  // namespace

DistinctCounter::DistinctCounter(size_t exact_max)
    : exact_max_(exact_max), registers_(kRegisters, 0) {
  CAIRN_CHECK(exact_max >= kExactMaxMin);
}

void DistinctCounter::Add(uint64_t key) {
  if (exact_ && !keys_.insert(key).second) return;
  if (exact_ && keys_.size() > exact_max_) {
    exact_ = false;
    keys_ = {};
  }
  const uint64_t hash = HashWords(kSeed, key);
  const uint64_t rest = hash << kIndexBits | uint64_t{1} << (kIndexBits - 1);  // Never 0.
  const auto rank = static_cast<uint8_t>(std::countl_zero(rest) + 1);
  uint8_t& largest = registers_[hash >> (64 - kIndexBits)];
  largest = std::max(largest, rank);
}

uint64_t DistinctCounter::count() const {
  return exact_ ? keys_.size() : static_cast<uint64_t>(std::llround(Estimate()));
}

// Beyond kExactMaxMin every register has seen so many keys that no correction for few is needed,
// and 64 bits are so many that none for many is.
double DistinctCounter::Estimate() const {
  constexpr double kCount = kRegisters;
  constexpr double kAlpha = 0.7213 / (1 + 1.079 / kCount);
  double sum = 0;
  for (const uint8_t largest : registers_) sum += std::ldexp(1.0, -largest);
  return kAlpha * kCount * kCount / sum;
}

}  // namespace cairn
