// Keys as data has them: few of them often, most of them hardly ever.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/hash.h"

namespace cairn {

// The k-th draw of 4 million keys with s = 1.05, as `cairn data gen` draws them.
inline uint64_t ZipfKey(uint64_t k) {
  constexpr double kKeys = 4e6, kOneLessS = -0.05;
  static const double kTop = std::pow(kKeys + 1, kOneLessS) - 1;
  return static_cast<uint64_t>(std::pow(kTop * UnitInterval(HashWords(1, k)) + 1, 1 / kOneLessS));
}

}  // namespace cairn
