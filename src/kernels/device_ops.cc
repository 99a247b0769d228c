#include "kernels/device_ops.h"

#include "base/check.h"
#include "kernels/optimizers.h"

namespace cairn {
namespace {

void CheckBatch(const DeviceBatch& batch) {
  CAIRN_CHECK(batch.row_offsets.size == batch.rows + 1);
  CAIRN_CHECK(batch.values.empty() || batch.values.size == batch.nonzeros());
  if (batch.column_offsets.empty()) return;
  CAIRN_CHECK(batch.column_offsets.size == batch.distinct + 1);
  CAIRN_CHECK(batch.column_rows.size == batch.nonzeros());
  CAIRN_CHECK(batch.column_values.size == batch.values.size);
}

}  // namespace

void TransposeOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(column_offsets.size == batch.distinct + 1);
  CAIRN_CHECK(column_rows.size == batch.nonzeros() && column_values.size == batch.values.size);
}

void LinearForwardOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(weights.size == batch.distinct && margins.size == batch.rows);
}

void LinearGradientOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(margin_gradients.size == batch.rows && gradients.size == batch.distinct);
}

void FactorForwardOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(dim > 0 && rows.size == batch.distinct * (1 + dim));
  CAIRN_CHECK(margins.size == batch.rows && sums.size == batch.rows * dim);
}

void FactorGradientOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(dim > 0 && rows.size == batch.distinct * (1 + dim));
  CAIRN_CHECK(margin_gradients.size == batch.rows && sums.size == batch.rows * dim);
  CAIRN_CHECK(gradients.size == rows.size);
}

void BagForwardOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(!bias.empty() && embeddings.size == batch.distinct * bias.size);
  CAIRN_CHECK(sums.size == batch.rows * bias.size);
}

void BagGradientOp::Check() const {
  CheckBatch(batch);
  CAIRN_CHECK(width > 0 && sum_gradients.size == batch.rows * width);
  CAIRN_CHECK(gradients.size == batch.distinct * width);
}

void LossOp::Check() const {
  CAIRN_CHECK(kind == LossKind::kSoftmax ? classes >= 2 : classes == 1);
  CAIRN_CHECK(results.size == labels.size * classes && gradients.size == results.size);
  CAIRN_CHECK(weights.empty() || weights.size == labels.size);
  CAIRN_CHECK(loss.size == 1);
}

void SumOp::Check() const { CAIRN_CHECK(sum.size == 1); }

void ColumnSumsOp::Check() const {
  CAIRN_CHECK(sums.empty() ? matrix.empty() : matrix.size % sums.size == 0);
}

void ReluGradientOp::Check() const { CAIRN_CHECK(outputs.size == gradients.size); }

void MultiplyOp::Check() const {
  CAIRN_CHECK(a.size == rows * inner && b.size == inner * cols && c.size == rows * cols);
  CAIRN_CHECK(bias.empty() || (bias.size == cols && !a_transposed && !b_transposed));
  CAIRN_CHECK(!relu || !bias.empty());
}

void OptimizerOp::Check() const {
  CAIRN_CHECK(width > 0 && gradients.size == rows * width && weights.size == gradients.size);
  CAIRN_CHECK(priors.empty() || priors.size == rows);
  const auto optimizer = MakeRowOptimizer(spec, {});
  CAIRN_CHECK(optimizer.ok(), "whoever made the table has checked its optimizer");
  CAIRN_CHECK(state.size == rows * (*optimizer)->StateFloats(static_cast<uint32_t>(width)));
}

void UniqueOp::Check() const {
  CAIRN_CHECK(distinct.size == keys.size && inverse.size == keys.size && count.size == 1);
}

}  // namespace cairn
