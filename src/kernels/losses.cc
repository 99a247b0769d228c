#include "kernels/losses.h"

#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace cairn {

double LogisticLoss(float margin, float label) {
  const double z = margin;
  return (z > 0 ? z : 0) - label * z + std::log1p(PortableExpWide(-std::fabs(margin)));
}

float LogisticGradient(float margin, float label) {
  // e / (1 + e) is the smaller of Sigmoid(z) and Sigmoid(-z).
  const double e = PortableExpWide(-std::fabs(margin));
  const double small = e / (1 + e);
  const double gradient = margin >= 0 ? (1.0 - label) - small : small - label;
  return static_cast<float>(gradient);
}

double LogisticLossAndGradients(std::span<const float> margins, std::span<const float> labels,
                                std::span<const float> weights, std::span<float> gradients) {
  CAIRN_CHECK(margins.size() == labels.size() && margins.size() == gradients.size());
  CAIRN_CHECK(weights.empty() || weights.size() == margins.size());
  double sum = 0;
  for (size_t i = 0; i < margins.size(); ++i) {
    const float margin = margins[i];
    const float weight = weights.empty() ? 1 : weights[i];
    sum += weight * LogisticLoss(margin, labels[i]);
    gradients[i] = weight * LogisticGradient(margin, labels[i]);
  }
  return sum;
}

}  // namespace cairn
