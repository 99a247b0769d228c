// Decimal digits, eight at a time in one register.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace cairn {

// The first character has to be the lowest byte.
static_assert(std::endian::native == std::endian::little);

// How many of the 8 characters at `text`, from the first one on, are digits, and the number that
// they write. Reads 8 bytes, always.
struct EightDigits {
  uint32_t count = 0;  // 0 .. 8
  uint32_t value = 0;  // 0 if count is 0.
};

inline EightDigits ReadEightDigits(const char* text) {
  constexpr uint64_t kEach = 0x0101010101010101u;
  uint64_t bytes;
  std::memcpy(&bytes, text, sizeof bytes);
  // The top bit of a byte gets set by the sum above '9' and by the difference below '0'. Carries
  // and borrows only spread upwards from a byte that is no digit, so the lowest mark is right.
  const uint64_t marks = ((bytes + 0x46 * kEach) | (bytes - 0x30 * kEach)) & (0x80 * kEach);
  const auto count = static_cast<uint32_t>(std::countr_zero(marks)) / 8;  // 64 / 8 if no mark.
  if (count == 0) return {};
  // Moves the digits to the top; below them come zeros, which stand for leading zeros.
  uint64_t digits = (bytes & 0x0F * kEach) << (8 * (8 - count));
  // Neighbours together, the first one counting more: to 4 pairs, to 2 fours, to one eight.
  digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FFu;
  digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFFu;
  digits = digits * 10'000 + (digits >> 32);
  return {count, static_cast<uint32_t>(digits)};
}

}  // namespace cairn
