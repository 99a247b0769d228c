// Hash functions: fixed for all time, because placement, initial weights and files depend on them.
#pragma once

#include <cstdint>
#include <string_view>

namespace cairn {

// SplitMix64's output function (Steele, Lea, Flood 2014; constants of Stafford's mix 13): a
// bijection of the 64-bit integers in which every input bit moves every output bit.
constexpr uint64_t Mix64(uint64_t x) {
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  x ^= x >> 31;
  return x;
}

// Unmix64(Mix64(x)) == x for every x.
constexpr uint64_t Unmix64(uint64_t x) {
  x = x ^ (x >> 31) ^ (x >> 62);
  x *= 0x319642B2D24D8EC3u;
  x = x ^ (x >> 27) ^ (x >> 54);
  x *= 0x96DE1B173F119089u;
  x = x ^ (x >> 30) ^ (x >> 60);
  return x;
}

// A 64-bit hash of several words, order-sensitive. Not invertible.
constexpr uint64_t HashWords(uint64_t a, uint64_t b) {
  return Mix64(Mix64(a + 0x9E3779B97F4A7C15u) ^ (b + 0xD1B54A32D192ED03u));
}
template <typename... Rest>
constexpr uint64_t HashWords(uint64_t a, uint64_t b, uint64_t c, Rest... rest) {
  return HashWords(HashWords(a, b), c, static_cast<uint64_t>(rest)...);
}

// A 64-bit hash of bytes (FNV-1a finished by Mix64). For names, not for bulk data.
constexpr uint64_t HashString(std::string_view s) {
  uint64_t h = 0xCBF29CE484222325u;
  for (char c : s) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return Mix64(h);
}

// The top 53 bits of a hash as a double in [0, 1).
constexpr double UnitInterval(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

}  // namespace cairn
