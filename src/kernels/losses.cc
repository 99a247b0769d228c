#include "kernels/losses.h"

#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace cairn {
namespace {

constexpr uint32_t kRowsPerLogarithm = 512;  // 2^512 is far below the largest double.

// e = e^-|margin|; e / (1 + e) is the smaller of Sigmoid(z) and Sigmoid(-z).
float GradientOf(float margin, float label, double e) {
  const double small = e / (1 + e);
  const double gradient = margin >= 0 ? (1.0 - label) - small : small - label;
  return static_cast<float>(gradient);
}

}  // namespace

double LogisticLoss(float margin, float label) {
  const double z = margin;
  return (z > 0 ? z : 0) - label * z + std::log1p(PortableExpWide(-std::fabs(margin)));
}

float LogisticGradient(float margin, float label) {
  return GradientOf(margin, label, PortableExpWide(-std::fabs(margin)));
}

float LogisticLossSum::Add(float margin, float label, float weight) {
  const double z = margin;
  const double e = PortableExpWide(-std::fabs(margin));
  const double rest = (z > 0 ? z : 0) - label * z;
  const float gradient = GradientOf(margin, label, e);
  if (weight != 1) {
    sum_ += weight * rest;
    log_sum_ += weight * std::log1p(e);
    return weight * gradient;
  }
  sum_ += rest;
  product_ *= 1 + e;
  if (++factors_ == kRowsPerLogarithm) {
    log_sum_ += std::log(product_);
    product_ = 1;
    factors_ = 0;
  }
  return gradient;
}

double LogisticLossSum::sum() const { return sum_ + log_sum_ + std::log(product_); }

double LogisticLossAndGradients(std::span<const float> margins, std::span<const float> labels,
                                std::span<const float> weights, std::span<float> gradients) {
  CAIRN_CHECK(margins.size() == labels.size() && margins.size() == gradients.size());
  CAIRN_CHECK(weights.empty() || weights.size() == margins.size());
  LogisticLossSum loss;
  for (size_t i = 0; i < margins.size(); ++i) {
    gradients[i] = loss.Add(margins[i], labels[i], weights.empty() ? 1 : weights[i]);
  }
  return loss.sum();
}

namespace {

float Highest(std::span<const float> scores) {
  float highest = scores[0];
  for (const float score : scores) {
    if (!(score <= highest)) highest = score;  // NaN stays, and shows in the sum.
  }
  return highest;
}

// sum_j e^(z_j - highest): at least 1, at most k.
double SumOfExponentials(std::span<const float> scores, float highest) {
  double sum = 0;
  for (const float score : scores) sum += PortableExpWide(score - highest);
  return sum;
}

}  // namespace

void Softmax(std::span<const float> scores, std::span<float> probabilities) {
  CAIRN_CHECK(!scores.empty() && scores.size() == probabilities.size());
  const float highest = Highest(scores);
  const double sum = SumOfExponentials(scores, highest);
  for (size_t j = 0; j < scores.size(); ++j) {
    probabilities[j] = static_cast<float>(PortableExpWide(scores[j] - highest) / sum);
  }
}

double SoftmaxLoss(std::span<const float> scores, float label) {
  const auto wanted = static_cast<size_t>(label);
  CAIRN_CHECK(wanted < scores.size());
  const float highest = Highest(scores);
  return std::log(SumOfExponentials(scores, highest)) - (double{scores[wanted]} - highest);
}

double SoftmaxLossAndGradients(std::span<const float> scores, std::span<const float> labels,
                               std::span<const float> weights, std::span<float> gradients) {
  CAIRN_CHECK(scores.size() == gradients.size());
  CAIRN_CHECK(weights.empty() || weights.size() == labels.size());
  if (labels.empty()) return 0;
  const size_t classes = scores.size() / labels.size();
  CAIRN_CHECK(classes * labels.size() == scores.size());
  double loss = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = scores.subspan(i * classes, classes);
    const auto wanted = static_cast<size_t>(labels[i]);
    CAIRN_CHECK(labels[i] >= 0 && wanted < classes);
    const double weight = weights.empty() ? 1 : weights[i];
    const float highest = Highest(row);
    const double rest = double{row[wanted]} - highest;
    const double sum = SumOfExponentials(row, highest);
    loss += weight * (std::log(sum) - rest);
    for (size_t j = 0; j < classes; ++j) {
      const double share = PortableExpWide(row[j] - highest) / sum;
      gradients[i * classes + j] = static_cast<float>(weight * (share - (j == wanted ? 1 : 0)));
    }
  }
  return loss;
}

double SquaredLossAndGradients(std::span<const float> values, std::span<const float> labels,
                               std::span<const float> weights, std::span<float> gradients) {
  CAIRN_CHECK(values.size() == labels.size() && values.size() == gradients.size());
  CAIRN_CHECK(weights.empty() || weights.size() == values.size());
  double loss = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double weight = weights.empty() ? 1 : weights[i];
    const double error = double{values[i]} - labels[i];
    loss += weight * (error * error);
    gradients[i] = static_cast<float>(2 * weight * error);
  }
  return loss;
}

}  // namespace cairn
