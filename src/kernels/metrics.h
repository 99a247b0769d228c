// What an evaluation reports. Thread-safe.
#pragma once

#include <span>

namespace cairn {

// The area under the ROC curve, exact: the share of (positive, negative) pairs that the scores put
// in order, ties counting one half. A label above 0.5 is positive. scores, labels [rows], fewer
// than 2^32 rows. NaN if there is only one class, or if a score is NaN. O(rows log rows).
double ExactAuc(std::span<const float> scores, std::span<const float> labels);

// The mean logistic loss of margins against labels in {0, 1}. NaN if there are no rows.
double MeanLogLoss(std::span<const float> margins, std::span<const float> labels);

}  // namespace cairn
