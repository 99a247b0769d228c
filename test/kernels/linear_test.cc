#include "kernels/linear.h"

#include <catch2/catch.hpp>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

// A random batch that owns its arrays: empty rows, repeated features and skewed indices included.
struct OwnedBatch {
  OwnedBatch(uint64_t seed, size_t rows, uint32_t distinct, bool with_values) {
    offsets.push_back(0);
    for (size_t row = 0; row < rows; ++row) {
      const uint64_t length = HashWords(seed, row) % 9;
      for (uint64_t k = 0; k < length; ++k) {
        const uint64_t hash = HashWords(seed, row, k);
        indices.push_back(static_cast<uint32_t>(hash % distinct));
        if (with_values) values.push_back(static_cast<float>(UnitInterval(Mix64(hash)) - 0.5));
      }
      offsets.push_back(static_cast<uint32_t>(indices.size()));
    }
  }
  LinearBatch view() const { return {offsets, indices, values}; }
  std::vector<uint32_t> offsets, indices;
  std::vector<float> values;
};

std::vector<float> Random(uint64_t seed, size_t size) {
  std::vector<float> out(size);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(UnitInterval(HashWords(seed, i)) - 0.5);
  }
  return out;
}

TEST_CASE("Forward and gradient by hand", "[linear]") {
  const std::vector<uint32_t> offsets = {0, 2, 2, 3}, indices = {1, 0, 1};
  const std::vector<float> values = {2, 3, 4}, weights = {10, 100};
  std::vector<float> margins(3), gradients = {-1, -1};
  LinearForward({offsets, indices, values}, weights, 0.5f, margins);
  CHECK(margins == std::vector<float>{230.5f, 0.5f, 400.5f});
  LinearForward({offsets, indices, {}}, weights, 0, margins);
  CHECK(margins == std::vector<float>{110, 0, 100});
  LinearGradient({offsets, indices, values}, std::vector<float>{1, 10, 100}, gradients);
  CHECK(gradients == std::vector<float>{3, 402});
  LinearGradient({offsets, indices, {}}, std::vector<float>{1, 10, 100}, gradients);
  CHECK(gradients == std::vector<float>{1, 101});
  CHECK(LinearBiasGradient(std::vector<float>{1, 10, 100}) == 111);
}

TEST_CASE("Forward and gradient agree with dense math in double", "[linear]") {
  const bool with_values = GENERATE(false, true);
  constexpr size_t kRows = 200;
  constexpr uint32_t kDistinct = 50;
  const OwnedBatch batch(3, kRows, kDistinct, with_values);
  const std::vector<float> weights = Random(1, kDistinct), slopes = Random(2, kRows);
  std::vector<double> exact_margins(kRows, 0.25), exact_gradients(kDistinct);
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t k = batch.offsets[row]; k < batch.offsets[row + 1]; ++k) {
      const double value = with_values ? batch.values[k] : 1.0;
      exact_margins[row] += weights[batch.indices[k]] * value;
      exact_gradients[batch.indices[k]] += slopes[row] * value;
    }
  }
  std::vector<float> margins(kRows), gradients(kDistinct);
  LinearForward(batch.view(), weights, 0.25f, margins);
  LinearGradient(batch.view(), slopes, gradients);
  for (size_t i = 0; i < kRows; ++i) CHECK(margins[i] == Approx(exact_margins[i]).margin(2e-6));
  for (size_t i = 0; i < kDistinct; ++i) {
    CHECK(gradients[i] == Approx(exact_gradients[i]).margin(1e-5));
  }
}

TEST_CASE("An empty batch is legal", "[linear]") {
  std::vector<float> gradients = {1, 2};
  LinearForward({}, {}, 1, {});
  LinearGradient({}, {}, gradients);
  CHECK(gradients == std::vector<float>{0, 0});
}

}  // namespace
}  // namespace cairn
