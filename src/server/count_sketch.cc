#include "server/count_sketch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "base/prefetch.h"

namespace cairn {
namespace {

// With one new id for so many counters, a stranger among all ids is taken for one that was seen
// before with a chance of (1 - exp(-4 / 8))^4 = 2.4 %; on the way there it is 0.6 % in the mean.
constexpr uint64_t kCountersPerId = 8;

// Within its part of the line, a counter of `bits` bits.
class Counter {
 public:
  Counter(std::byte* line, uint32_t number, uint32_t bits)
      : byte_(line + number * bits / 8),
        shift_(number * bits % 8),
        mask_(static_cast<uint8_t>((1u << bits) - 1)) {}

  uint32_t value() const { return (static_cast<uint32_t>(*byte_) >> shift_) & mask_; }
  void set_value(uint32_t value) {
    *byte_ = (*byte_ & ~(std::byte{mask_} << shift_)) |
             (static_cast<std::byte>(value & mask_) << shift_);
  }

 private:
  std::byte* byte_;
  uint32_t shift_;
  uint8_t mask_;
};

}  // namespace

CountSketch::CountSketch(uint64_t bytes, uint32_t count_most, int shared_bits)
    : bytes_(bytes),
      count_most_(count_most),
      shared_bits_(shared_bits),
      counter_bits_(std::bit_ceil(static_cast<uint32_t>(std::bit_width(count_most)))) {
  CAIRN_CHECK(std::has_single_bit(bytes) && bytes >= kLineBytes);
  CAIRN_CHECK(count_most >= 1 && count_most <= 255 && shared_bits >= 0 && shared_bits < 64);
}

uint64_t CountSketch::CountedMost() const {
  return bytes_ * 8 / counter_bits_ / kCountersPerId * ((uint64_t{count_most_} + 1) / 2);
}

std::byte* CountSketch::LineOf(uint64_t id) {
  const unsigned __int128 product =
      static_cast<unsigned __int128>(id << shared_bits_) * (bytes_ / kLineBytes);
  return counters_.data() + static_cast<uint64_t>(product >> 64) * kLineBytes;
}

void CountSketch::Prefetch(uint64_t id) const {
  if (!counters_.empty()) cairn::Prefetch(const_cast<CountSketch*>(this)->LineOf(id));
}

uint64_t CountSketch::Add(uint64_t id, uint32_t more) {
  if (counters_.empty()) counters_.resize(bytes_);
  std::byte* const line = LineOf(id);
  const auto in_a_row = static_cast<uint32_t>(kLineBytes * 8 / kRows / counter_bits_);
  const uint64_t hash = Mix64(id);
  const auto counter = [&](size_t row) {
    const auto lane = static_cast<uint32_t>(hash >> (16 * row) & 0xFFFF);
    const auto first = static_cast<uint32_t>(row) * in_a_row;
    return Counter(line, first + (lane * in_a_row >> 16), counter_bits_);
  };
  uint32_t count = count_most_;
  for (size_t row = 0; row < kRows; ++row) count = std::min(count, counter(row).value());
  const uint64_t sum = uint64_t{count} + more;
  const auto stored = static_cast<uint32_t>(std::min<uint64_t>(sum, count_most_));
  if (stored == count) return sum;
  for (size_t row = 0; row < kRows; ++row) {
    Counter each = counter(row);
    if (each.value() < stored) each.set_value(stored);
  }
  counted_ += stored - count;
  if (counted_ >= CountedMost()) Halve();
  return sum;
}

void CountSketch::Halve() {
  counted_ = 0;
  // What a counter hands down to the one below it in its byte is masked away.
  static constexpr std::array<uint64_t, 9> kMasks = {
      0, 0, 0x5555555555555555u, 0, 0x7777777777777777u, 0, 0, 0, 0x7F7F7F7F7F7F7F7Fu};
  const uint64_t mask = kMasks[counter_bits_];
  for (size_t at = 0; at < counters_.size(); at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, counters_.data() + at, sizeof word);
    word = word >> 1 & mask;
    std::memcpy(counters_.data() + at, &word, sizeof word);
  }
}

void CountSketch::Restore(uint64_t offset, std::span<const std::byte> counters) {
  CAIRN_CHECK(offset <= bytes_ && counters.size() <= bytes_ - offset);
  if (counters_.empty()) counters_.resize(bytes_);
  std::copy(counters.begin(), counters.end(), counters_.begin() + static_cast<ptrdiff_t>(offset));
}

}  // namespace cairn
