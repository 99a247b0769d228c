#include "train/linear_model.h"

#include <utility>

#include "kernels/finite.h"

namespace cairn {

LinearPrepared::LinearPrepared(RowBatch batch, std::shared_ptr<const KeyCut> features,
                               std::shared_ptr<const KeyCut> bias)
    : rows_(std::move(batch)),
      payload_(
          std::make_shared<const PullPayload>(PullPayload{std::move(features), std::move(bias)})) {}

LinearModel::LinearModel(TableSpec features, TableSpec bias) {
  tables_ = {std::move(features), std::move(bias)};
  for (uint32_t i = 0; i < tables_.size(); ++i) layouts_.push_back(LayoutOf(tables_[i], i));
}

const LinearPrepared& LinearModel::Of(const PreparedBatch& prepared) {
  return static_cast<const LinearPrepared&>(prepared);
}

std::unique_ptr<PreparedBatch> LinearModel::Prepare(RowBatch rows, KeyCutter* cutter) const {
  static constexpr Key kBlock[] = {0};
  auto features = cutter->Cut(layouts_[kFeatures], rows.keys);
  const std::span<const Key> bias_block(kBlock, rows.rows() == 0 ? 0 : 1);
  auto bias = cutter->Cut(layouts_[kBias], bias_block);
  return std::make_unique<LinearPrepared>(std::move(rows), std::move(features), std::move(bias));
}

StepResult LinearModel::Compute(const PreparedBatch& prepared,
                                const std::vector<std::vector<float>>& values, uint64_t epoch,
                                float rate_factor) const {
  const LinearPrepared& batch = Of(prepared);
  auto push = std::make_shared<PushPayload>();
  push->epoch = epoch;
  push->rate_factor = rate_factor;
  push->rows = static_cast<uint32_t>(batch.rows().rows());
  StepResult result;
  result.rows = batch.rows().rows();
  if (result.rows > 0) {
    Change change = Learn(batch, values, epoch, rate_factor);
    result.loss_sum = change.loss_sum;
    result.extra_weight = batch.rows().ExtraWeight();
    push->bare = !AllFinite(change.features) || !AllFinite(change.bias);
    push->tables = {{batch.features(), std::move(change.features)},
                    {batch.bias(), std::move(change.bias)}};
  }
  result.push = std::move(push);
  return result;
}

}  // namespace cairn
