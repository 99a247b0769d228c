#include "coordinator/evaluation.h"

#include "base/check.h"
#include "kernels/metrics.h"

namespace cairn {

Evaluation::Added Evaluation::Add(uint64_t batch, const EvaluationResult& result) {
  if (batch >= batches_ || scores_.contains(batch)) return Added::kDuplicate;
  if (rows_ + result.scores.size() > kRowsMax) return Added::kTooMany;
  scores_[batch] = {result.scores, result.labels, result.weights};
  weighted_ = weighted_ || !result.weights.empty();
  rows_ += result.scores.size();
  ++batches_seen_;
  return Added::kNew;
}

Evaluation::Metrics Evaluation::Compute() const {
  CAIRN_CHECK(complete());
  std::vector<float> scores;
  std::vector<float> labels;
  std::vector<float> weights;
  scores.reserve(rows_);
  labels.reserve(rows_);
  for (const auto& [batch, part] : scores_) {
    scores.insert(scores.end(), part.scores.begin(), part.scores.end());
    labels.insert(labels.end(), part.labels.begin(), part.labels.end());
    weights.insert(weights.end(), part.weights.begin(), part.weights.end());
    if (weighted_) weights.resize(labels.size(), 1.0f);
  }
  return {rows_, MeanLogLoss(scores, labels, weights), ExactAuc(scores, labels, weights)};
}

}  // namespace cairn
