#include "kernels/bag.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

TEST_CASE("Bags by hand: empty rows, repeated features, values", "[bag]") {
  const std::vector<uint32_t> offsets = {0, 2, 2, 4}, indices = {1, 0, 1, 1};
  const std::vector<float> values = {2, 3, -4, 1};
  const std::vector<float> embeddings = {1, 10, 2, 20}, bias = {0.5f, -1};
  std::vector<float> sums(6, NAN);
  BagForward({{offsets, indices, values}, embeddings, bias, false, sums});
  CHECK(sums == std::vector<float>{7.5f, 69, 0.5f, -1, -5.5f, -61});
  BagForward({{offsets, indices, values}, embeddings, bias, true, sums});
  CHECK(sums == std::vector<float>{7.5f, 69, 0.5f, 0, 0, 0});
  BagForward({{offsets, indices, {}}, embeddings, bias, false, sums});
  CHECK(sums == std::vector<float>{3.5f, 29, 0.5f, -1, 4.5f, 39});
  std::vector<float> gradients(4, NAN);
  BagGradient({offsets, indices, values}, 2, std::vector<float>{1, 2, 3, 4, 5, 6}, gradients);
  CHECK(gradients == std::vector<float>{3, 6, 2 - 15, 4 - 18});
}

TEST_CASE("A bag's gradients are the slopes of its sums", "[bag]") {
  const size_t width = GENERATE(1, 5, 16);
  std::vector<uint32_t> offsets = {0}, indices;
  std::vector<float> values, embeddings(7 * width), slopes;
  for (uint64_t row = 0; row < 9; ++row) {
    for (uint64_t k = 0; k < HashWords(row, 9) % 6; ++k) {
      indices.push_back(static_cast<uint32_t>(HashWords(row, k) % 7));
      values.push_back(static_cast<float>(UnitInterval(HashWords(row, k, 1))));
    }
    offsets.push_back(static_cast<uint32_t>(indices.size()));
  }
  for (size_t i = 0; i < embeddings.size(); ++i) {
    embeddings[i] = static_cast<float>(UnitInterval(HashWords(1, i)) - 0.5);
  }
  for (size_t i = 0; i < 9 * width; ++i) {
    slopes.push_back(static_cast<float>(UnitInterval(HashWords(2, i)) - 0.5));
  }
  const std::vector<float> bias(width, 0.25f);
  const auto loss = [&] {
    std::vector<float> sums(9 * width);
    BagForward({{offsets, indices, values}, embeddings, bias, false, sums});
    double sum = 0;
    for (size_t i = 0; i < sums.size(); ++i) sum += double{sums[i]} * slopes[i];
    return sum;
  };
  std::vector<float> gradients(embeddings.size());
  BagGradient({offsets, indices, values}, width, slopes, gradients);
  for (size_t i = 0; i < embeddings.size(); ++i) {
    const float before = embeddings[i];
    embeddings[i] = before + 0.5f;
    const double above = loss();
    embeddings[i] = before - 0.5f;
    const double below = loss();
    embeddings[i] = before;
    CHECK(gradients[i] == Approx(above - below).margin(1e-5));
  }
}

TEST_CASE("A bag of no rows is legal", "[bag]") {
  std::vector<float> gradients = {1, 2};
  BagForward({{}, {}, std::vector<float>{1, 2}, true, {}});
  BagGradient({}, 2, {}, gradients);
  CHECK(gradients == std::vector<float>{0, 0});
}

}  // namespace
}  // namespace cairn
