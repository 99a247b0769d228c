// Losses of models, on margins (the model's sum before the link function). Thread-safe.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/portable_math.h"

namespace cairn {

// Logistic loss, label y in {0, 1}, margin z:  L = max(z, 0) - y z + log(1 + e^-|z|).
// Finite for every finite margin. For reports only: it uses the platform's logarithm.
double LogisticLoss(float margin, float label);

// dL/dz = Sigmoid(z) - y, without cancellation where it nears 0. The same bits everywhere.
float LogisticGradient(float margin, float label);

// Adds up the loss of rows in the order in which they come: for reports only, as LogisticLoss. Not
// thread-safe.
class LogisticLossSum {
 public:
  // Takes weight * L of a row; returns weight * dL/dz.
  float Add(float margin, float label, float weight);
  double sum() const;

 private:
  double sum_ = 0;      // Of all but the logarithms.
  double log_sum_ = 0;  // Of those.
  double product_ = 1;  // Rows of weight 1: factors 1 + e^-|z|, at most 2, of one logarithm.
  uint32_t factors_ = 0;
};

// Shapes: margins, labels, gradients [rows]; weights [rows], or empty: all are 1.
// gradients[i] = w_i dL_i/dz_i; returns the sum of w_i L_i: for reports only, as LogisticLoss.
// `gradients` may be `margins`.
double LogisticLossAndGradients(std::span<const float> margins, std::span<const float> labels,
                                std::span<const float> weights, std::span<float> gradients);

}  // namespace cairn
