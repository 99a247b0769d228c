#include "kernels/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "kernels/losses.h"

namespace cairn {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Scored {
  float score;
  bool positive;
};

// The weighted mean of measure(row) over all rows.
template <typename Measure>
double MeanOf(std::span<const float> labels, std::span<const float> weights,
              const Measure& measure) {
  CAIRN_CHECK(weights.empty() || weights.size() == labels.size());
  double sum = 0, weight_sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double weight = weights.empty() ? 1 : weights[i];
    sum += weight * measure(i);
    weight_sum += weight;
  }
  return weight_sum == 0 ? kUndefined : sum / weight_sum;
}

std::span<const float> RowOf(std::span<const float> scores, size_t rows, size_t row) {
  const size_t classes = scores.size() / rows;
  return scores.subspan(row * classes, classes);
}

void CheckWhole(std::span<const float> scores, std::span<const float> labels) {
  CAIRN_CHECK(labels.empty() ? scores.empty() : scores.size() % labels.size() == 0);
}

}  // namespace

double ExactAuc(std::span<const float> scores, std::span<const float> labels) {
  CAIRN_CHECK(scores.size() == labels.size());
  CAIRN_CHECK(scores.size() <= std::numeric_limits<uint32_t>::max());
  std::vector<Scored> rows(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return kUndefined;
    rows[i] = {scores[i], labels[i] > 0.5f};
  }
  std::sort(rows.begin(), rows.end(),
            [](const Scored& a, const Scored& b) { return a.score < b.score; });
  // Pairs are counted in halves; below 2^32 rows there are fewer than 2^63 halves.
  uint64_t halves_in_order = 0, positives = 0, negatives = 0;
  for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    uint64_t tied[2] = {0, 0};
    while (end < rows.size() && rows[end].score == rows[begin].score) ++tied[rows[end++].positive];
    halves_in_order += tied[1] * (2 * negatives + tied[0]);
    positives += tied[1];
    negatives += tied[0];
  }
  if (positives == 0 || negatives == 0) return kUndefined;
  const double pairs = static_cast<double>(positives) * static_cast<double>(negatives);
  return static_cast<double>(halves_in_order) / 2 / pairs;
}

double ExactAuc(std::span<const float> scores, std::span<const float> labels,
                std::span<const float> weights) {
  if (weights.empty()) return ExactAuc(scores, labels);
  CAIRN_CHECK(scores.size() == labels.size() && scores.size() == weights.size());
  if (std::any_of(scores.begin(), scores.end(), [](float s) { return std::isnan(s); })) {
    return kUndefined;
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // Ties by place, so that sums are taken in one order and have the same bits everywhere.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return scores[a] != scores[b] ? scores[a] < scores[b] : a < b;
  });
  double in_order = 0, positives = 0, negatives = 0;
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    double tied[2] = {0, 0};
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) {
      const size_t row = order[end++];
      tied[labels[row] > 0.5f] += weights[row];
    }
    in_order += tied[1] * (negatives + tied[0] / 2);
    positives += tied[1];
    negatives += tied[0];
  }
  if (positives == 0 || negatives == 0) return kUndefined;
  return in_order / (positives * negatives);
}

double MeanLogLoss(std::span<const float> margins, std::span<const float> labels,
                   std::span<const float> weights) {
  CAIRN_CHECK(margins.size() == labels.size());
  return MeanOf(labels, weights, [&](size_t i) { return LogisticLoss(margins[i], labels[i]); });
}

double BinaryAccuracy(std::span<const float> margins, std::span<const float> labels,
                      std::span<const float> weights) {
  CAIRN_CHECK(margins.size() == labels.size());
  return MeanOf(labels, weights,
                [&](size_t i) { return (margins[i] > 0) == (labels[i] > 0.5f) ? 1.0 : 0.0; });
}

double MeanSoftmaxLoss(std::span<const float> scores, std::span<const float> labels,
                       std::span<const float> weights) {
  CheckWhole(scores, labels);
  return MeanOf(labels, weights,
                [&](size_t i) { return SoftmaxLoss(RowOf(scores, labels.size(), i), labels[i]); });
}

double ClassAccuracy(std::span<const float> scores, std::span<const float> labels,
                     std::span<const float> weights) {
  CheckWhole(scores, labels);
  return MeanOf(labels, weights, [&](size_t i) {
    const std::span<const float> row = RowOf(scores, labels.size(), i);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    return static_cast<float>(best) == labels[i] ? 1.0 : 0.0;
  });
}

double MeanSquaredError(std::span<const float> values, std::span<const float> labels,
                        std::span<const float> weights) {
  CAIRN_CHECK(values.size() == labels.size());
  return MeanOf(labels, weights, [&](size_t i) {
    const double error = double{values[i]} - labels[i];
    return error * error;
  });
}

double Calibration(std::span<const float> margins, std::span<const float> labels,
                   std::span<const float> weights) {
  CAIRN_CHECK(margins.size() == labels.size());
  const double observed =
      MeanOf(labels, weights, [&](size_t i) { return labels[i] > 0.5f ? 1.0 : 0.0; });
  const double promised =
      MeanOf(labels, weights, [&](size_t i) { return double{Sigmoid(margins[i])}; });
  return observed > 0 ? promised / observed : kUndefined;
}

ConstantOfClasses BestConstantOfClasses(size_t classes, std::span<const float> labels,
                                        std::span<const float> weights) {
  CAIRN_CHECK(classes > 0 && (weights.empty() || weights.size() == labels.size()));
  const auto last = static_cast<float>(classes - 1);
  std::vector<double> shares(classes);
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const float label = labels[i] > 0.5f ? std::min(labels[i] + 0.5f, last) : 0;
    const double weight = weights.empty() ? 1 : weights[i];
    shares[static_cast<size_t>(label)] += weight;
    sum += weight;
  }
  if (sum == 0) return {kUndefined, kUndefined};
  ConstantOfClasses best;
  for (double& share : shares) {
    share /= sum;
    if (share > 0) best.loss -= share * std::log(share);
    best.accuracy = std::max(best.accuracy, share);
  }
  return best;
}

double LabelVariance(std::span<const float> labels, std::span<const float> weights) {
  const double mean = MeanOf(labels, weights, [&](size_t i) { return double{labels[i]}; });
  return MeanOf(labels, weights, [&](size_t i) {
    const double off = labels[i] - mean;
    return off * off;
  });
}

}  // namespace cairn
