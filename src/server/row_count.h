// How often a row was seen, in one byte.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace cairn {

// Seven bits of a logarithm: up to 15 times are known exactly, more to an eighth or a quarter, up
// to kSeenMost. The eighth says that the row is late: its first occurrence came after the first
// epoch.
class RowCount {
 public:
  // No row. What free slots of a table hold.
  constexpr RowCount() = default;
  static constexpr RowCount FromByte(uint8_t byte) { return RowCount(byte); }
  static constexpr RowCount Never(bool is_late = false) {
    return RowCount(static_cast<uint8_t>(1 | (is_late ? kLate : 0)));
  }
  // The nearest to `seen`; of two, the smaller.
  static constexpr RowCount Near(uint32_t seen, bool is_late) {
    if (seen >= kSeenMost) return FromCode(kCodeMost, is_late);
    const uint32_t below = CodeBelow(seen);
    const uint32_t gap_below = seen - SeenOf(below);
    return FromCode(gap_below == 0 || gap_below <= SeenOf(below + 1) - seen ? below : below + 1,
                    is_late);
  }

  constexpr uint8_t byte() const { return byte_; }
  constexpr bool is_late() const { return (byte_ & kLate) != 0; }
  constexpr uint32_t seen() const { return SeenOf(byte_ & ~kLate); }

  // After `more` occurrences. What lies between two counts is rounded by `chance`, 64 random bits,
  // in such a way that the mean is right.
  constexpr RowCount Plus(uint32_t more, uint64_t chance) const {
    // Without a branch: which way it would go is not foreseeable, and this is done for every row of
    // every push.
    const uint64_t sum = std::min<uint64_t>(uint64_t{seen()} + more, kSeenMost);
    const uint32_t below = CodeBelow(static_cast<uint32_t>(sum));
    const uint64_t rest = sum - SeenOf(below);
    const uint64_t gap = SeenOf(below + 1) - SeenOf(below);
    const uint32_t up = (chance >> 32) * gap >> 32 < rest ? 1 : 0;
    return RowCount(static_cast<uint8_t>((below + up) | (byte_ & kLate)));
  }

  constexpr bool operator==(const RowCount&) const = default;

  static constexpr uint32_t kSeenMost = 7u << 26;

 private:
  // Code 0: no row. 1 .. 16: 0 .. 15 times. From 17 on m << e, m of 4 .. 7, e of 2 .. 26.
  static constexpr uint32_t kCodeMost = 17 + 24 * 4 + 3;
  static constexpr uint8_t kLate = 0x80;

  constexpr explicit RowCount(uint8_t byte) : byte_(byte) {}
  static constexpr RowCount FromCode(uint32_t code, bool is_late) {
    return RowCount(static_cast<uint8_t>(code | (is_late ? kLate : 0)));
  }
  // By code; behind the last one it is the most again.
  static constexpr auto kSeen = [] {
    std::array<uint32_t, 128> seen{};
    for (uint32_t code = 1; code <= 16; ++code) seen[code] = code - 1;
    for (uint32_t code = 17; code <= kCodeMost; ++code) {
      seen[code] = (4 + (code - 17) % 4) << (2 + (code - 17) / 4);
    }
    for (uint32_t code = kCodeMost + 1; code < seen.size(); ++code) seen[code] = seen[kCodeMost];
    return seen;
  }();
  static constexpr uint32_t SeenOf(uint32_t code) { return kSeen[code]; }
  // The largest code whose value is not above `seen`, which is at most kSeenMost.
  static constexpr uint32_t CodeBelow(uint32_t seen) {
    const auto exponent = static_cast<uint32_t>(std::bit_width(seen | 16)) - 3;
    const uint32_t large = 17 + (exponent - 2) * 4 + ((seen >> exponent) - 4);
    return seen <= 15 ? seen + 1 : large;
  }

  uint8_t byte_ = 0;
};

}  // namespace cairn
