// Losses of models, on what they give a row: a margin (the sum before the link function), a score
// for each class, or a value. Thread-safe.
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

// Softmax cross-entropy of k classes, scores z, label y in {0, .., k - 1}:
//   L = log(sum_j e^z_j) - z_y;  dL/dz_j = e^z_j / sum - [j = y]
// Finite for finite scores; gradients have the same bits everywhere. Shapes: scores, gradients
// [rows x k], labels [rows], whole numbers below k (CHECKed); weights as above. Returns the sum of
// w_i L_i. `gradients` may be `scores`.
double SoftmaxLossAndGradients(std::span<const float> scores, std::span<const float> labels,
                               std::span<const float> weights, std::span<float> gradients);

// probabilities[j] = e^z_j / sum, of one row. They may be the scores.
void Softmax(std::span<const float> scores, std::span<float> probabilities);

// L of one row, as above: for reports.
double SoftmaxLoss(std::span<const float> scores, float label);

// Squared loss: L = (z - y)^2, dL/dz = 2 (z - y). Otherwise as LogisticLossAndGradients.
double SquaredLossAndGradients(std::span<const float> values, std::span<const float> labels,
                               std::span<const float> weights, std::span<float> gradients);

}  // namespace cairn
