// What a backend computes, one struct for each operation: the twins of linear.h, factorization.h,
// bag.h, losses.h, dense_network.h, gemm.h and optimizers.h, on memory of a device. Shapes are as
// there; Check is what callers must have seen to (CHECKed).
#pragma once

#include <cstddef>
#include <cstdint>

#include "cairn/table.h"
#include "kernels/arena.h"

namespace cairn {

// LinearBatch on a device, and the same entries by feature where the backend wants them.
struct DeviceBatch {
  size_t rows = 0;
  size_t distinct = 0;                     // Features.
  DeviceSpan<const uint32_t> row_offsets;  // [rows + 1]
  DeviceSpan<const uint32_t> indices;      // [nonzeros], each below `distinct`.
  DeviceSpan<const float> values;          // [nonzeros], or empty: each is 1.
  // By feature, each one's in the order of rows. Empty: the backend does without.
  DeviceSpan<const uint32_t> column_offsets;  // [distinct + 1]
  DeviceSpan<const uint32_t> column_rows;     // [nonzeros]
  DeviceSpan<const float> column_values;      // As `values`.

  size_t nonzeros() const { return indices.size; }
};

// Fills the columns of a batch.
struct TransposeOp {
  DeviceBatch batch;                    // Without columns.
  DeviceSpan<uint32_t> column_offsets;  // As above, overwritten.
  DeviceSpan<uint32_t> column_rows;
  DeviceSpan<float> column_values;
  void Check() const;
};

struct LinearForwardOp {
  DeviceBatch batch;
  DeviceSpan<const float> weights;  // [distinct]
  float bias = 0;
  DeviceSpan<float> margins;  // [rows]
  void Check() const;
};

struct LinearGradientOp {
  DeviceBatch batch;
  DeviceSpan<const float> margin_gradients;  // [rows]
  DeviceSpan<float> gradients;               // [distinct]
  void Check() const;
};

struct FactorForwardOp {
  DeviceBatch batch;
  size_t dim = 0;                // At least 1.
  DeviceSpan<const float> rows;  // [distinct x (1 + dim)]
  float bias = 0;
  DeviceSpan<float> margins;  // [rows]
  DeviceSpan<float> sums;     // [rows x dim]
  void Check() const;
};

struct FactorGradientOp {
  DeviceBatch batch;
  size_t dim = 0;
  DeviceSpan<const float> rows;              // As the forward's.
  DeviceSpan<const float> sums;              // Likewise.
  DeviceSpan<const float> margin_gradients;  // [rows]
  DeviceSpan<float> gradients;               // [distinct x (1 + dim)]
  void Check() const;
};

struct BagForwardOp {
  DeviceBatch batch;
  DeviceSpan<const float> embeddings;  // [distinct x width]
  DeviceSpan<const float> bias;        // [width]
  bool relu = false;
  DeviceSpan<float> sums;  // [rows x width]
  void Check() const;
};

struct BagGradientOp {
  DeviceBatch batch;
  size_t width = 0;
  DeviceSpan<const float> sum_gradients;  // [rows x width]
  DeviceSpan<float> gradients;            // [distinct x width]
  void Check() const;
};

enum class LossKind : uint8_t { kLogistic, kSoftmax, kSquared };

struct LossOp {
  LossKind kind = LossKind::kLogistic;
  size_t classes = 1;    // kSoftmax: 2 or more; else 1.
  float label_mean = 0;  // kSquared: a result r stands for label_mean + label_scale r; gradients
  float label_scale =
      1;  // are by r, and as if labels varied by 1: 2 (value - label) / label_scale.
  DeviceSpan<const float> results;  // [rows x classes]
  DeviceSpan<const float> labels;   // [rows]
  DeviceSpan<const float> weights;  // [rows], or empty: all are 1.
  DeviceSpan<float> gradients;      // [rows x classes]; may be the results.
  DeviceSpan<double> loss;          // [1], the sum.
  void Check() const;
};

// sum[0] = the sum of `values`, kept in double.
struct SumOp {
  DeviceSpan<const float> values;
  DeviceSpan<float> sum;  // [1]
  void Check() const;
};

struct ColumnSumsOp {
  DeviceSpan<const float> matrix;  // [any x columns]
  DeviceSpan<float> sums;          // [columns]
  void Check() const;
};

struct ReluGradientOp {
  DeviceSpan<const float> outputs;
  DeviceSpan<float> gradients;  // Changed in place.
  void Check() const;
};

// As GemmCall.
struct MultiplyOp {
  size_t rows = 0, cols = 0, inner = 0;
  DeviceSpan<const float> a;
  bool a_transposed = false;
  DeviceSpan<const float> b;
  bool b_transposed = false;
  DeviceSpan<const float> bias;  // Not with a_transposed or b_transposed.
  bool relu = false;             // With bias only.
  DeviceSpan<float> c;
  void Check() const;
};

// One step of a built-in optimizer on packed rows, the same bits on every backend.
struct OptimizerOp {
  OptimizerSpec spec;  // Names a built-in one, with legal numbers.
  size_t rows = 0, width = 0;
  DeviceSpan<const float> gradients;  // [rows x width]
  DeviceSpan<const float> priors;     // [rows], or empty: all are 0.
  float learning_rate = 0;            // With the step's factor.
  DeviceSpan<float> weights;          // [rows x width]
  DeviceSpan<float> state;            // [rows x RowOptimizer::StateFloats(width)]
  void Check() const;
};

// Distinct keys in ascending order, and where each key is among them.
struct UniqueOp {
  DeviceSpan<const uint64_t> keys;
  DeviceSpan<uint64_t> distinct;  // [keys]; what is beyond count[0] means nothing.
  DeviceSpan<uint32_t> inverse;   // [keys]
  DeviceSpan<uint32_t> count;     // [1]
  void Check() const;
};

}  // namespace cairn
