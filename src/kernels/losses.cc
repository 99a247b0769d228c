#include "kernels/losses.h"

#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace cairn {
namespace {

constexpr size_t kRowsPerLogarithm = 512;  // 2^512 is far below the largest double.

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

double LogisticLossAndGradients(std::span<const float> margins, std::span<const float> labels,
                                std::span<const float> weights, std::span<float> gradients) {
  CAIRN_CHECK(margins.size() == labels.size() && margins.size() == gradients.size());
  CAIRN_CHECK(weights.empty() || weights.size() == margins.size());
  double sum = 0;      // Of all but the logarithms.
  double log_sum = 0;  // Of those.
  double product = 1;  // Rows of weight 1: factors 1 + e^-|z|, at most 2, of one logarithm.
  for (size_t i = 0; i < margins.size(); ++i) {
    const float margin = margins[i];
    const double z = margin;
    const double e = PortableExpWide(-std::fabs(margin));
    const double rest = (z > 0 ? z : 0) - labels[i] * z;
    const float gradient = GradientOf(margin, labels[i], e);
    if (weights.empty()) {
      sum += rest;
      product *= 1 + e;
      gradients[i] = gradient;
    } else {
      sum += weights[i] * rest;
      log_sum += weights[i] * std::log1p(e);
      gradients[i] = weights[i] * gradient;
    }
    if ((i + 1) % kRowsPerLogarithm == 0) {
      log_sum += std::log(product);
      product = 1;
    }
  }
  return sum + log_sum + std::log(product);
}

}  // namespace cairn
