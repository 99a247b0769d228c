// Logistic regression's share of the math: sparse rows times packed weights. Thread-safe; sums are
// taken in a fixed order, so the same batch gives the same bits.
#pragma once

#include <cstdint>
#include <span>

namespace cairn {

// A batch in compressed rows: row i's features are positions [row_offsets[i], row_offsets[i + 1])
// of `indices` and `values`. Borrowed.
struct LinearBatch {
  std::span<const uint32_t> row_offsets;  // [rows + 1], ascending, row_offsets[0] = 0.
  std::span<const uint32_t> indices;      // [nonzeros] into the batch's distinct features.
  std::span<const float> values;          // [nonzeros], or empty: each is 1.

  size_t rows() const { return row_offsets.empty() ? 0 : row_offsets.size() - 1; }
};

// margins[i] = bias + sum over the row's features, left to right, of weights[index] * value.
// weights [distinct], margins [rows].
void LinearForward(const LinearBatch& batch, std::span<const float> weights, float bias,
                   std::span<float> margins);

// gradients[j] = sum over rows, in row order, of margin_gradients[i] * value where index = j.
// margin_gradients [rows]; gradients [distinct] is overwritten.
void LinearGradient(const LinearBatch& batch, std::span<const float> margin_gradients,
                    std::span<float> gradients);

// The bias's gradient: the sum in row order, kept in double.
float LinearBiasGradient(std::span<const float> margin_gradients);

}  // namespace cairn
