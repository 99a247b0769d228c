// What an evaluation reports. Thread-safe.
#pragma once

#include <span>

namespace cairn {

// The area under the ROC curve, exact: the share of (positive, negative) pairs that the scores put
// in order, ties counting one half. A label above 0.5 is positive. scores, labels [rows], fewer
// than 2^32 rows. NaN if there is only one class, or if a score is NaN. O(rows log rows).
double ExactAuc(std::span<const float> scores, std::span<const float> labels);

// The same with a weight >= 0 for each row, finite: a pair counts as much as the product of its two
// weights. weights [rows], or empty: all are 1. NaN also if one class has no weight.
double ExactAuc(std::span<const float> scores, std::span<const float> labels,
                std::span<const float> weights);

// The mean logistic loss of margins against labels in {0, 1}, weighted likewise. NaN if there are
// no rows, or none has weight.
double MeanLogLoss(std::span<const float> margins, std::span<const float> labels,
                   std::span<const float> weights = {});

}  // namespace cairn
