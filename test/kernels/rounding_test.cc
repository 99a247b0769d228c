#include "kernels/rounding.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"

namespace cairn {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

float Bf16(float value) {
  RoundToBf16({&value, 1});
  return value;
}

TEST_CASE("RoundToBf16: to the nearest, ties to even") {
  CHECK(Bf16(1.0f) == 1.0f);
  CHECK(Bf16(1.00390625f) == 1.0f);       // 1 + 2^-8, half way.
  CHECK(Bf16(1.01171875f) == 1.015625f);  // 1 + 3 * 2^-8, likewise.
  CHECK(Bf16(std::nextafter(1.00390625f, 2.0f)) == 1.0078125f);
  CHECK(Bf16(-3.1415927f) == -3.140625f);
  CHECK(std::bit_cast<uint32_t>(Bf16(-0.0f)) == 0x80000000);
  CHECK(Bf16(kInfinity) == kInfinity);
  CHECK(std::isnan(Bf16(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("RoundToF8: what has 3 significant bits stays, whatever the seed") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<float> values = {1.0f, -1.25f, 0.75f, 1.75f, 0.0f, -7.0f};
    const std::vector<float> before = values;
    RoundToF8(values, seed);
    CHECK(values == before);
  }
}

TEST_CASE("RoundToF8: one of the two next values, and the mean is right") {
  SeededRandom random(1);
  for (const float value : {1.01f, 1.9f, -0.3f, 7.99f, 1e-20f, -3e30f}) {
    constexpr int kRounds = 20'000;
    std::vector<float> values(kRounds, value);
    RoundToF8(values, random.Next());
    double sum = 0;
    for (const float rounded : values) {
      sum += static_cast<double>(rounded);
      CHECK(std::abs(rounded - value) <= std::abs(value) / 4);
      CHECK((std::bit_cast<uint32_t>(rounded) & 0x1FFFFF) == 0);
    }
    CHECK(sum / kRounds == Approx(static_cast<double>(value)).epsilon(0.005));
  }
}

TEST_CASE("RoundToF8: is a function of seed and place") {
  std::vector<float> once(100, 1.1f);
  std::vector<float> again = once;
  std::vector<float> other = once;
  RoundToF8(once, 7);
  RoundToF8(again, 7);
  RoundToF8(other, 8'000);
  CHECK(once == again);
  CHECK(once != other);
}

TEST_CASE("RoundToF8: small beside the largest value is 0; the ends of the range hold") {
  std::vector<float> values = {std::ldexp(1.0f, 30), 1.0f, 0.9f, -0.2f, -0.0f};
  RoundToF8(values, 3);
  CHECK(values[1] == 1.0f);
  CHECK((values[2] == 0.0f || values[2] == 1.0f));
  for (const size_t i : {3, 4}) CHECK(std::bit_cast<uint32_t>(values[i]) == 0);
  values = {kLargest, -kLargest, std::numeric_limits<float>::denorm_min()};
  RoundToF8(values, 3);
  CHECK(values == std::vector<float>{std::ldexp(1.75f, 127), std::ldexp(-1.75f, 127), 0});
  values = {kInfinity, 1.1f};
  RoundToF8(values, 3);
  CHECK(values[0] == kInfinity);
  values = {std::numeric_limits<float>::denorm_min(), std::ldexp(1.0f, -126)};
  RoundToF8(values, 3);
  CHECK(values == std::vector<float>{0, std::ldexp(1.0f, -126)});
}

}  // namespace
}  // namespace cairn
