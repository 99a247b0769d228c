#include "kernels/rounding.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace cairn {
namespace {

constexpr uint32_t kSignBit = 0x80000000;
constexpr uint32_t kInfinity = 0x7F800000;
constexpr int kFractionBits = 23;
constexpr uint32_t kExponentOne = 1u << kFractionBits;
constexpr uint32_t kDropped = (1u << (kFractionBits - 2)) - 1;  // Of a fraction that keeps 2 bits.
constexpr uint32_t kExponentsBelow = 30;                        // The largest one, that f8 has.

}  // namespace

void RoundToBf16(std::span<float> values) {
  for (float& value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
    const bool is_finite = (bits & kInfinity) != kInfinity;
    value = is_finite ? std::bit_cast<float>(rounded) : value;
  }
}

void RoundToF8(std::span<float> values, uint64_t seed) {
  uint32_t largest = 0;
  for (float& value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const uint32_t size = bits & ~kSignBit;
    const uint32_t chance = static_cast<uint32_t>(Mix64(++seed)) & kDropped;
    const uint32_t down = size & ~kDropped;
    // The next value above may have the next exponent; but never infinity.
    const uint32_t up = std::min(down + kDropped + 1, kInfinity - kDropped - 1);
    const uint32_t rounded = chance < (size & kDropped) ? up : down;
    if (size >= kInfinity) continue;
    value = std::bit_cast<float>((bits & kSignBit) | rounded);
    largest = std::max(largest, rounded);
  }
  const uint32_t exponent = largest / kExponentOne;
  const uint32_t least = std::max(exponent, kExponentsBelow + 1) - kExponentsBelow;
  for (float& value : values) {
    if ((std::bit_cast<uint32_t>(value) & ~kSignBit) < least * kExponentOne) value = 0;
  }
}

}  // namespace cairn
