// The guard before a gradient leaves a worker: one NaN pushed would never leave the model again.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace cairn {

// True if no value is infinite or NaN. Tests bits, so it vectorises.
inline bool AllFinite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t bad = 0;
  for (const float value : values) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(value) & kExponent) == kExponent);
  }
  return bad == 0;
}

}  // namespace cairn
