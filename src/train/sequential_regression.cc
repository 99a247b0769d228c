// Logistic regression, whose workers learn row by row and push what has changed.
#include "train/sequential_regression.h"

#include <utility>

#include "base/status.h"
#include "train/linear_model.h"
#include "train/models.h"

namespace cairn {
namespace {

// What workers push is added, so the servers' optimizer is "sum".
TableSpec WeightsTable(uint32_t width) {
  TableSpec weights;
  weights.name = "weights";
  weights.parts = {PartSpec{.width = width, .optimizer = {.name = "sum"}}};
  return weights;
}

TableSpec BiasTable(uint32_t width) {
  TableSpec bias;
  bias.name = "bias";
  bias.kind = TableSpec::Kind::kDense;
  bias.dense_size = width;
  bias.parts = {PartSpec{.width = width, .optimizer = {.name = "sum"}}};
  return bias;
}

class SequentialRegression final : public LinearModel {
 public:
  explicit SequentialRegression(const SequentialLinear& linear)
      : LinearModel(WeightsTable(linear.row_width()), BiasTable(linear.bias_width())),
        linear_(linear) {}

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const LinearPrepared& batch = Of(prepared);
    std::vector<float> margins(batch.rows().rows());
    if (margins.empty()) return margins;
    std::vector<float> weights(batch.features()->unique());
    linear_.WeightsOf(values[kFeatures], weights);
    LinearForward(batch.linear(), weights, linear_.BiasOf(values[kBias]), margins);
    return margins;
  }

 private:
  Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values,
               uint64_t epoch, float rate_factor) const override {
    Change change{0, values[kFeatures], values[kBias]};
    change.loss_sum = linear_.Learn({batch.linear(), batch.rows().labels, batch.rows().weights},
                                    {rate_factor, epoch == 0}, change.features, change.bias);
    return change;
  }

  const SequentialLinear linear_;
};

}  // namespace

absl::StatusOr<SequentialLinear> SequentialLinearOf(const ModelSettings& settings) {
  auto linear = SequentialLinear::Make(OptimizerOf(settings), StartOfBias(settings.base_rate));
  if (!linear.ok()) return Annotate(linear.status(), "--update sequential");
  return linear;
}

absl::StatusOr<std::unique_ptr<Model>> MakeSequentialRegression(const ModelSettings& settings) {
  if (settings.loss != kLogisticLoss) {
    return InvalidArgument(
        "--loss ", settings.loss,
        " needs --update gradient: row by row, only the logistic loss is learnt");
  }
  CAIRN_ASSIGN_OR_RETURN(const SequentialLinear linear, SequentialLinearOf(settings));
  if (settings.retention != RetentionSpec{}) {
    return InvalidArgument(
        "admission, expiry and a budget of features need --update gradient: with --update "
        "sequential servers do not see the weights that they would go by");
  }
  return std::make_unique<SequentialRegression>(linear);
}

}  // namespace cairn
