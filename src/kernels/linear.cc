#include "kernels/linear.h"

#include <algorithm>
#include <cstddef>

#include "base/check.h"

namespace cairn {
namespace {

void CheckShape(const LinearBatch& batch, size_t margins) {
  CAIRN_CHECK(margins == batch.rows());
  CAIRN_CHECK(batch.values.empty() || batch.values.size() == batch.indices.size());
  if (!batch.row_offsets.empty()) CAIRN_CHECK(batch.row_offsets.back() <= batch.indices.size());
}

}  // namespace

void LinearForward(const LinearBatch& batch, std::span<const float> weights, float bias,
                   std::span<float> margins) {
  CheckShape(batch, margins.size());
  const bool ones = batch.values.empty();
  for (size_t row = 0; row < margins.size(); ++row) {
    float sum = bias;
    for (size_t k = batch.row_offsets[row]; k < batch.row_offsets[row + 1]; ++k) {
      CAIRN_DCHECK(batch.indices[k] < weights.size());
      const float weight = weights[batch.indices[k]];
      sum += ones ? weight : weight * batch.values[k];
    }
    margins[row] = sum;
  }
}

void LinearGradient(const LinearBatch& batch, std::span<const float> margin_gradients,
                    std::span<float> gradients) {
  CheckShape(batch, margin_gradients.size());
  std::fill(gradients.begin(), gradients.end(), 0.0f);
  const bool ones = batch.values.empty();
  for (size_t row = 0; row < margin_gradients.size(); ++row) {
    const float slope = margin_gradients[row];
    for (size_t k = batch.row_offsets[row]; k < batch.row_offsets[row + 1]; ++k) {
      CAIRN_DCHECK(batch.indices[k] < gradients.size());
      gradients[batch.indices[k]] += ones ? slope : slope * batch.values[k];
    }
  }
}

float LinearBiasGradient(std::span<const float> margin_gradients) {
  double sum = 0;
  for (const float gradient : margin_gradients) sum += gradient;
  return static_cast<float>(sum);
}

}  // namespace cairn
