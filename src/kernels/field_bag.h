// A bag of vectors for each field: what a row's features of a field add up to. Field after field
// it is a row of a dense matrix, the input of a network beside a factorization machine.
// Thread-safe; every number is one float sum in the order that is written here, so it has the same
// bits everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/factorization.h"
#include "kernels/linear.h"

namespace cairn {

// Rows whose features have fields. Borrowed.
struct FieldBags {
  LinearBatch batch;
  std::span<const uint16_t> fields;  // [nonzeros], below field_count; or empty: all are of field 0.
  size_t field_count = 1;            // At least 1.
};

// sums[i][field] = sum over row i's features of that field, left to right, of value * vector.
// sums [rows x field_count x dim] is overwritten; it is 0 where a row has nothing of a field.
void FieldBagForward(const FieldBags& batch, const FactorRows& features, std::span<float> sums);

// Adds value * sum_gradients[i][field] to the gradient of each feature's vector, rows in order and
// features left to right. sum_gradients as sums; gradients as FactorRows::rows, of which weights
// are not touched: the vectors' other gradients are there already.
void FieldBagGradient(const FieldBags& batch, uint32_t dim, std::span<const float> sum_gradients,
                      std::span<float> gradients);

}  // namespace cairn
