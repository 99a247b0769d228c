#include "kernels/bag.h"

#include <algorithm>

#include "base/check.h"

namespace cairn {
namespace {

void AddScaled(const float* __restrict from, float scale, size_t width, float* __restrict to) {
  for (size_t j = 0; j < width; ++j) to[j] += scale * from[j];
}

}  // namespace

void BagForward(const BagCall& call) {
  const LinearBatch& batch = call.batch;
  const size_t width = call.bias.size();
  CAIRN_CHECK(width > 0 && call.embeddings.size() % width == 0);
  CAIRN_CHECK(call.sums.size() == batch.rows() * width);
  for (size_t row = 0; row < batch.rows(); ++row) {
    float* const sum = call.sums.data() + row * width;
    std::copy(call.bias.begin(), call.bias.end(), sum);
    for (size_t i = batch.row_offsets[row]; i < batch.row_offsets[row + 1]; ++i) {
      const float value = batch.values.empty() ? 1 : batch.values[i];
      AddScaled(call.embeddings.data() + batch.indices[i] * width, value, width, sum);
    }
    if (!call.relu) continue;
    for (size_t j = 0; j < width; ++j) sum[j] = sum[j] < 0 ? 0.0f : sum[j];
  }
}

void BagGradient(const LinearBatch& batch, size_t width, std::span<const float> sum_gradients,
                 std::span<float> gradients) {
  CAIRN_CHECK(sum_gradients.size() == batch.rows() * width);
  std::fill(gradients.begin(), gradients.end(), 0.0f);
  for (size_t row = 0; row < batch.rows(); ++row) {
    const float* const from = sum_gradients.data() + row * width;
    for (size_t i = batch.row_offsets[row]; i < batch.row_offsets[row + 1]; ++i) {
      const float value = batch.values.empty() ? 1 : batch.values[i];
      AddScaled(from, value, width, gradients.data() + batch.indices[i] * width);
    }
  }
}

}  // namespace cairn
