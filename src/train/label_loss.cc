#include "train/label_loss.h"

#include <cmath>

#include "base/status.h"
#include "kernels/losses.h"

namespace cairn {
namespace {

ScoreKind KindOf(const ModelSettings& settings) {
  if (settings.loss == kSoftmaxLoss) return ScoreKind::kClasses;
  return settings.loss == kSquaredLoss ? ScoreKind::kValue : ScoreKind::kMargin;
}

}  // namespace

LabelLoss::LabelLoss(const ModelSettings& settings)
    : kind_(KindOf(settings)), mean_(settings.label_mean), scale_(settings.label_scale) {}

absl::Status LabelLoss::Check(const ModelSettings& settings) {
  if (settings.loss != kLogisticLoss && settings.loss != kSoftmaxLoss &&
      settings.loss != kSquaredLoss) {
    return InvalidArgument("unknown loss \"", settings.loss, "\"; known: ", kLogisticLoss, ", ",
                           kSoftmaxLoss, ", ", kSquaredLoss);
  }
  if (std::isfinite(settings.label_mean) && std::isfinite(settings.label_scale) &&
      settings.label_scale > 0) {
    return {};
  }
  return InvalidArgument("labels of mean ", settings.label_mean, " and deviation ",
                         settings.label_scale, ": both must be finite, the latter above 0");
}

void LabelLoss::MakeScores(std::span<float> results) const {
  if (kind_ != ScoreKind::kValue) return;
  for (float& result : results) result = mean_ + scale_ * result;
}

double LabelLoss::MakeGradients(const RowBatch& rows, std::span<float> scores) const {
  if (kind_ == ScoreKind::kClasses) {
    return SoftmaxLossAndGradients(scores, rows.labels, rows.weights, scores);
  }
  if (kind_ == ScoreKind::kMargin) {
    return LogisticLossAndGradients(scores, rows.labels, rows.weights, scores);
  }
  const double loss = SquaredLossAndGradients(scores, rows.labels, rows.weights, scores);
  for (float& gradient : scores) gradient /= scale_;
  return loss;
}

StepLoss LabelLoss::ForStep() const {
  if (kind_ == ScoreKind::kClasses) return {LossKind::kSoftmax};
  if (kind_ == ScoreKind::kMargin) return {LossKind::kLogistic};
  return {LossKind::kSquared, mean_, scale_};
}

}  // namespace cairn
