// A bag of embeddings: the sum of the rows of a batch's features, each times its value. It is a
// layer's X W where X is sparse. Thread-safe; the same bits everywhere.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/linear.h"

namespace cairn {

// sums[i] = bias + sum over row i's features, left to right, of value * embeddings[index].
// embeddings [distinct x width], bias [width], sums [rows x width]. `relu` as GemmCall's.
struct BagCall {
  LinearBatch batch;
  std::span<const float> embeddings;
  std::span<const float> bias;
  bool relu = false;
  std::span<float> sums;  // Overwritten.
};
void BagForward(const BagCall& call);

// gradients[index] = sum over rows, in row order, of value * sum_gradients[row]; [distinct x
// width], overwritten. sum_gradients [rows x width].
void BagGradient(const LinearBatch& batch, size_t width, std::span<const float> sum_gradients,
                 std::span<float> gradients);

}  // namespace cairn
