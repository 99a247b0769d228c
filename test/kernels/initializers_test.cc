#include "kernels/initializers.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

using Kind = InitializerSpec::Kind;

std::vector<float> Fill(const InitializerSpec& spec, const InitialRow& row, size_t width,
                        uint32_t first = 0) {
  std::vector<float> weights(width, NAN);
  FillInitial(spec, row, first, weights);
  return weights;
}

TEST_CASE("Zero and constant rows hold what they say", "[initializers]") {
  CHECK(Fill({Kind::kZero, 3}, {1, 2, 3}, 4) == std::vector<float>(4, 0.0f));
  CHECK(Fill({Kind::kConstant, -1.5f}, {1, 2, 3}, 4) == std::vector<float>(4, -1.5f));
}

TEST_CASE("Normal weights depend on seed, salt, key and position, and on nothing else",
          "[initializers]") {
  const InitializerSpec spec{Kind::kNormal, 0.1f};
  const std::vector<float> row = Fill(spec, {1, 2, 3}, 8);
  CHECK(row == Fill(spec, {1, 2, 3}, 8));
  CHECK(row != Fill(spec, {2, 2, 3}, 8));
  CHECK(row != Fill(spec, {1, 3, 3}, 8));
  CHECK(row != Fill(spec, {1, 2, 4}, 8));
  const std::vector<float> tail = Fill(spec, {1, 2, 3}, 5, 3);  // However the row is cut.
  CHECK(std::equal(tail.begin(), tail.end(), row.begin() + 3));
}

TEST_CASE("Normal weights have the moments and tails of a normal distribution", "[initializers]") {
  double sum = 0, squares = 0, fourth = 0;
  int beyond_two = 0, count = 0;
  for (uint64_t key = 0; key < 20'000; ++key) {
    for (const float w : Fill({Kind::kNormal, 1}, {9, 8, key}, 10)) {
      sum += w, squares += w * w, fourth += std::pow(w, 4);
      beyond_two += std::fabs(w) > 2;
      ++count;
    }
  }
  CHECK(std::fabs(sum / count) < 0.01);
  CHECK(squares / count == Approx(1).epsilon(0.01));
  CHECK(fourth / count == Approx(2.9).epsilon(0.02));  // 3 - 6 / (5 * 12): twelve uniforms.
  CHECK(beyond_two / double(count) == Approx(0.0455).epsilon(0.05));
}

TEST_CASE("Normal weights' bits are fixed for all time", "[initializers][golden]") {
  uint64_t hash = 0;
  for (uint64_t key : {uint64_t{0}, uint64_t{1}, ~uint64_t{0}}) {
    for (const float w : Fill({Kind::kNormal, 0.05f}, {1, HashString("v"), key}, 100)) {
      hash = HashWords(hash, std::bit_cast<uint32_t>(w));
    }
  }
  CHECK(hash == 0xb0b2077d53189257u);
}

}  // namespace
}  // namespace cairn
