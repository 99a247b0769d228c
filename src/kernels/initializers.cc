#include "kernels/initializers.h"

#include <algorithm>
#include <cstddef>

#include "base/hash.h"

namespace cairn {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;  // SplitMix64's increment.

// The sum of the four 16-bit quarters of a hash: four uniforms at the price of one.
constexpr int32_t SumOfQuarters(uint64_t hash) {
  return static_cast<int32_t>((hash & 0xFFFF) + ((hash >> 16) & 0xFFFF) + ((hash >> 32) & 0xFFFF) +
                              (hash >> 48));
}

// Twelve uniforms on 0 .. 65,535, less their mean, in units of 2^-16: about N(0, 1).
float Normal(uint64_t row_hash, uint64_t position) {
  int32_t sum = -12 * 65'535 / 2;
  for (uint64_t draw = 1; draw <= 3; ++draw) {
    sum += SumOfQuarters(Mix64(row_hash + kGolden * (3 * position + draw)));
  }
  return static_cast<float>(sum) * 0x1.0p-16f;
}

}  // namespace

void FillInitial(const InitializerSpec& spec, const InitialRow& row, uint32_t first_position,
                 std::span<float> weights) {
  switch (spec.kind) {
    case InitializerSpec::Kind::kZero:
      std::fill(weights.begin(), weights.end(), 0.0f);
      return;
    case InitializerSpec::Kind::kConstant:
      std::fill(weights.begin(), weights.end(), spec.scale);
      return;
    case InitializerSpec::Kind::kNormal: {
      const uint64_t row_hash = HashWords(row.seed, row.salt, row.key);
      for (size_t i = 0; i < weights.size(); ++i) {
        weights[i] = spec.scale * Normal(row_hash, first_position + i);
      }
      return;
    }
  }
}

}  // namespace cairn
