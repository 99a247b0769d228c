#include "train/linear_model.h"

#include <utility>

#include "base/status.h"
#include "kernels/finite.h"
#include "train/step_device.h"

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
  Change change;
  if (batch.rows().rows() > 0) change = Learn(batch, values, epoch, rate_factor);
  return ResultOf(batch, std::move(change), epoch, rate_factor);
}

absl::StatusOr<StepResult> LinearModel::ComputeOn(const PreparedBatch& prepared,
                                                  const std::vector<std::vector<float>>& values,
                                                  uint64_t epoch, float rate_factor,
                                                  StepDevice* device) const {
  const std::optional<Factors> own = factors();
  if (!own) return Model::ComputeOn(prepared, values, epoch, rate_factor, device);
  const LinearPrepared& batch = Of(prepared);
  Change change;
  if (batch.rows().rows() > 0) {
    CAIRN_ASSIGN_OR_RETURN(change, LearnOn(batch, values, *own, device));
  }
  return ResultOf(batch, std::move(change), epoch, rate_factor);
}

absl::StatusOr<LinearModel::Change> LinearModel::LearnOn(
    const LinearPrepared& batch, const std::vector<std::vector<float>>& values,
    const Factors& factors, StepDevice* device) const {
  Change change;
  change.features.resize(values[kFeatures].size());
  change.bias.resize(1);
  FactorStep step;
  step.rows = {batch.linear(), batch.rows().labels, batch.rows().weights};
  step.loss = factors.loss;
  step.dim = factors.dim;
  step.table = values[kFeatures];
  step.bias = values[kBias][0];
  step.gradients = change.features;
  step.bias_gradient = change.bias.data();
  CAIRN_ASSIGN_OR_RETURN(const StepOutcome outcome, device->Run(step));
  change.loss_sum = outcome.loss;
  return change;
}

// `change` means nothing if the batch has no rows.
StepResult LinearModel::ResultOf(const LinearPrepared& batch, Change change, uint64_t epoch,
                                 float rate_factor) const {
  auto push = std::make_shared<PushPayload>();
  push->epoch = epoch;
  push->rate_factor = rate_factor;
  push->rows = static_cast<uint32_t>(batch.rows().rows());
  StepResult result;
  result.rows = batch.rows().rows();
  if (result.rows > 0) {
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
