#include "coordinator/evaluation.h"

#include <cmath>

#include "base/check.h"
#include "kernels/metrics.h"

namespace cairn {

Evaluation::Added Evaluation::Add(uint64_t batch, const EvaluationResult& result) {
  if (batch >= batches_ || Has(batch)) return Added::kDuplicate;
  const uint64_t rows = result.labels.size();
  if (rows > 0) {
    const uint64_t per_row = result.scores.size() / rows;
    if (scores_per_row_ == 0) {
      scores_per_row_ = per_row;
      kind_ = result.kind;
    }
    if (per_row != scores_per_row_ || result.kind != kind_) return Added::kOtherKind;
    if ((rows_ + rows) * (1 + per_row) > kNumbersMax) return Added::kTooMany;
  }
  scores_[batch] = {result.scores, result.labels, result.weights};
  weighted_ = weighted_ || !result.weights.empty();
  rows_ += rows;
  return Added::kNew;
}

void Evaluation::LeaveOut(uint64_t batch) {
  if (batch < batches_ && !Has(batch)) left_out_.insert(batch);
}

Evaluation::Metrics Evaluation::Compute() const {
  CAIRN_CHECK(complete());
  std::vector<float> scores;
  std::vector<float> labels;
  std::vector<float> weights;
  scores.reserve(rows_ * scores_per_row_);
  labels.reserve(rows_);
  for (const auto& [batch, part] : scores_) {
    scores.insert(scores.end(), part.scores.begin(), part.scores.end());
    labels.insert(labels.end(), part.labels.begin(), part.labels.end());
    weights.insert(weights.end(), part.weights.begin(), part.weights.end());
    if (weighted_) weights.resize(labels.size(), 1.0f);
  }
  return MetricsOf(kind_, scores, labels, weights);
}

Evaluation::Metrics MetricsOf(ScoreKind kind, std::span<const float> scores,
                              std::span<const float> labels, std::span<const float> weights) {
  const double none = std::nan("");
  if (kind == ScoreKind::kValue) {
    return {.rows = labels.size(),
            .logloss = MeanSquaredError(scores, labels, weights),
            .auc = none,
            .accuracy = none,
            .baseline_loss = LabelVariance(labels, weights),
            .baseline_accuracy = none,
            .calibration = none};
  }
  const bool is_margin = kind == ScoreKind::kMargin;
  const size_t classes = is_margin || labels.empty() ? 2 : scores.size() / labels.size();
  const ConstantOfClasses constant = BestConstantOfClasses(classes, labels, weights);
  return {.rows = labels.size(),
          .logloss = is_margin ? MeanLogLoss(scores, labels, weights)
                               : MeanSoftmaxLoss(scores, labels, weights),
          .auc = is_margin ? ExactAuc(scores, labels, weights) : none,
          .accuracy = is_margin ? BinaryAccuracy(scores, labels, weights)
                                : ClassAccuracy(scores, labels, weights),
          .baseline_loss = constant.loss,
          .baseline_accuracy = constant.accuracy,
          .calibration = is_margin ? Calibration(scores, labels, weights) : none};
}

}  // namespace cairn
