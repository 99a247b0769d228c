// What an evaluation reports. Thread-safe.
#pragma once

#include <cstddef>
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

// The share of rows, by weight, whose margin is on the side of their label: above 0 for labels
// above 0.5. NaN likewise.
double BinaryAccuracy(std::span<const float> margins, std::span<const float> labels,
                      std::span<const float> weights = {});

// Of k classes: scores [rows x k], labels [rows]. The mean cross-entropy, and the share of rows, by
// weight, whose label has the highest score, the lowest class among equals. NaN likewise.
double MeanSoftmaxLoss(std::span<const float> scores, std::span<const float> labels,
                       std::span<const float> weights = {});
double ClassAccuracy(std::span<const float> scores, std::span<const float> labels,
                     std::span<const float> weights = {});

// The mean of (value - label)^2, by weight. NaN likewise.
double MeanSquaredError(std::span<const float> values, std::span<const float> labels,
                        std::span<const float> weights = {});

// How many labels 1 the margins promise for each that there is: the sum of their probabilities over
// that of the labels, by weight. NaN if no label 1 has weight.
double Calibration(std::span<const float> margins, std::span<const float> labels,
                   std::span<const float> weights = {});

// What says the same of every row can be no better than this, by weight: of classes 0 .. k - 1 (a
// label above 0.5 of two is 1), the cross-entropy of their shares, and the largest share; of
// numbers, their variance. NaN if there are no rows, or none has weight.
struct ConstantOfClasses {
  double loss = 0;
  double accuracy = 0;
};
ConstantOfClasses BestConstantOfClasses(size_t classes, std::span<const float> labels,
                                        std::span<const float> weights = {});
double LabelVariance(std::span<const float> labels, std::span<const float> weights = {});

}  // namespace cairn
