#include "kernels/field_bag.h"

#include <algorithm>

#include "base/check.h"

namespace cairn {
namespace {

void AddScaled(const float* __restrict from, float scale, size_t dim, float* __restrict to) {
  for (size_t f = 0; f < dim; ++f) to[f] += scale * from[f];
}

void CheckShape(const FieldBags& rows, uint32_t dim, size_t sums, size_t floats) {
  const LinearBatch& batch = rows.batch;
  CAIRN_CHECK(dim > 0 && rows.field_count > 0 && floats % (dim + 1) == 0);
  CAIRN_CHECK(sums == batch.rows() * rows.field_count * dim);
  CAIRN_CHECK(batch.values.empty() || batch.values.size() == batch.indices.size());
  CAIRN_CHECK(rows.fields.empty() || rows.fields.size() == batch.indices.size());
  CAIRN_CHECK(std::all_of(rows.fields.begin(), rows.fields.end(),
                          [&](uint16_t field) { return field < rows.field_count; }));
}

// Calls visit(vector, sum, value) for every feature of every row: where its vector begins, and the
// sums of its row and field.
template <class Visit>
void ForEachFeature(const FieldBags& rows, uint32_t dim, const Visit& visit) {
  const LinearBatch& batch = rows.batch;
  for (size_t row = 0; row < batch.rows(); ++row) {
    const size_t begin = row * rows.field_count;
    for (size_t i = batch.row_offsets[row]; i < batch.row_offsets[row + 1]; ++i) {
      const size_t field = rows.fields.empty() ? 0 : rows.fields[i];
      visit(batch.indices[i] * (size_t{dim} + 1) + 1, (begin + field) * dim,
            batch.values.empty() ? 1 : batch.values[i]);
    }
  }
}

}  // namespace

void FieldBagForward(const FieldBags& batch, const FactorRows& features, std::span<float> sums) {
  CheckShape(batch, features.dim, sums.size(), features.rows.size());
  std::fill(sums.begin(), sums.end(), 0.0f);
  ForEachFeature(batch, features.dim, [&](size_t vector, size_t sum, float value) {
    AddScaled(features.rows.data() + vector, value, features.dim, sums.data() + sum);
  });
}

void FieldBagGradient(const FieldBags& batch, uint32_t dim, std::span<const float> sum_gradients,
                      std::span<float> gradients) {
  CheckShape(batch, dim, sum_gradients.size(), gradients.size());
  ForEachFeature(batch, dim, [&](size_t vector, size_t sum, float value) {
    AddScaled(sum_gradients.data() + sum, value, dim, gradients.data() + vector);
  });
}

}  // namespace cairn
