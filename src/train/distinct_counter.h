// How many different keys there are, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace cairn {

// Exact as long as there are at most `exact_max` different keys (some 40 bytes each); beyond that
// an estimate by HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007), whose standard error is
// kStandardError. The same keys give the same count in any order. Not thread-safe.
class DistinctCounter {
 public:
  static constexpr double kStandardError = 0.0081;  // 1.04 / sqrt(registers).
  // An estimate of fewer would need a correction.
  static constexpr size_t kExactMaxMin = size_t{1} << 16;

  // CHECKs exact_max >= kExactMaxMin.
  explicit DistinctCounter(size_t exact_max);

  void Add(uint64_t key);

  bool exact() const { return exact_; }
  uint64_t count() const;

 private:
  double Estimate() const;

  const size_t exact_max_;
  bool exact_ = true;
  std::unordered_set<uint64_t> keys_;  // As long as they are counted one by one.
  std::vector<uint8_t> registers_;
};

}  // namespace cairn
