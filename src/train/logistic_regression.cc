// Logistic regression, or linear regression if labels are numbers, whose workers push sums of
// gradients.
#include <cmath>
#include <utility>

#include "base/status.h"
#include "train/label_loss.h"
#include "train/linear_model.h"
#include "train/models.h"

namespace cairn {
namespace {

TableSpec WeightsTable(const OptimizerSpec& optimizer, const RetentionSpec& retention) {
  TableSpec weights;
  weights.name = "weights";
  weights.parts = {PartSpec{.width = 1, .optimizer = optimizer}};
  weights.retention = retention;
  return weights;
}

class LogisticRegression final : public LinearModel {
 public:
  explicit LogisticRegression(const ModelSettings& settings)
      : LinearModel(WeightsTable(OptimizerOf(settings), settings.retention), BiasTable(settings)),
        loss_(settings) {}

  ScoreKind score_kind() const override { return loss_.score_kind(); }

  std::vector<float> Score(const PreparedBatch& prepared,
                           const std::vector<std::vector<float>>& values) const override {
    const LinearPrepared& batch = Of(prepared);
    std::vector<float> margins(batch.rows().rows());
    if (!margins.empty()) {
      LinearForward(batch.linear(), values[kFeatures], values[kBias][0], margins);
    }
    loss_.MakeScores(margins);
    return margins;
  }

 private:
  Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values, uint64_t,
               float) const override {
    std::vector<float> margins = Score(batch, values);
    Change change;
    change.loss_sum = loss_.MakeGradients(batch.rows(), margins);
    change.features.resize(batch.features()->unique());
    LinearGradient(batch.linear(), margins, change.features);
    change.bias = {LinearBiasGradient(margins)};
    return change;
  }
  std::optional<Factors> factors() const override { return Factors{0, loss_.ForStep()}; }

  const LabelLoss loss_;
};

}  // namespace

absl::Status CheckLinearLoss(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(LabelLoss::Check(settings));
  if (settings.loss != kSoftmaxLoss) return {};
  return InvalidArgument("the model ", settings.model,
                         " has one result, and classes have one each");
}

float StartOfBias(float base_rate) {
  const double rate = base_rate;
  return static_cast<float>(std::log(rate / (1 - rate)));
}

OptimizerSpec OptimizerOf(const ModelSettings& settings) {
  OptimizerSpec optimizer;
  optimizer.name = settings.optimizer;
  optimizer.learning_rate = settings.learning_rate;
  optimizer.l1 = settings.l1;
  optimizer.l2 = settings.l2;
  return optimizer;
}

TableSpec BiasTable(const ModelSettings& settings) {
  OptimizerSpec optimizer = OptimizerOf(settings);
  optimizer.l1 = optimizer.l2 = 0;
  TableSpec bias;
  bias.name = "bias";
  bias.kind = TableSpec::Kind::kDense;
  bias.dense_size = 1;
  bias.parts = {PartSpec{
      .width = 1,
      .optimizer = optimizer,
      .initializer = {InitializerSpec::Kind::kConstant,
                      settings.loss == kSquaredLoss ? 0 : StartOfBias(settings.base_rate)}}};
  return bias;
}

absl::Status CheckBaseRate(float base_rate) {
  if (base_rate > 0 && base_rate < 1) return {};
  return InvalidArgument("base rate ", base_rate, " is not between 0 and 1");
}

absl::StatusOr<std::unique_ptr<Model>> MakeLogisticRegression(const ModelSettings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckBaseRate(settings.base_rate));
  CAIRN_RETURN_IF_ERROR(CheckLinearLoss(settings));
  if (settings.update == kSequentialUpdate) return MakeSequentialRegression(settings);
  if (settings.update != kGradientUpdate) {
    return InvalidArgument("unknown update \"", settings.update, "\"; known: ", kGradientUpdate,
                           ", ", kSequentialUpdate);
  }
  return std::make_unique<LogisticRegression>(settings);
}

}  // namespace cairn
