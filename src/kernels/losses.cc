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

}  // namespace cairn
