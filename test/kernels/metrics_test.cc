#include "kernels/metrics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/hash.h"
#include "kernels/losses.h"

namespace cairn {
namespace {

double Auc(const std::vector<float>& scores, const std::vector<float>& labels) {
  return ExactAuc(scores, labels);
}

TEST_CASE("AUC by hand", "[metrics]") {
  CHECK(Auc({1, 2, 3, 4}, {0, 0, 1, 1}) == 1);
  CHECK(Auc({4, 3, 2, 1}, {0, 0, 1, 1}) == 0);
  CHECK(Auc({1, 2, 3, 4}, {0, 1, 0, 1}) == 0.75);
  CHECK(Auc({5, 5, 5, 5}, {0, 1, 0, 1}) == 0.5);
  CHECK(Auc({1, 2, 2, 3}, {0, 0, 1, 1}) == 0.875);
  CHECK(Auc({-0.0f, 0.0f}, {0, 1}) == 0.5);
  CHECK(Auc({-INFINITY, INFINITY}, {0, 1}) == 1);
  CHECK(Auc({1, 2}, {-1, 1}) == 1);
}

TEST_CASE("AUC is undefined with one class or a NaN score", "[metrics]") {
  CHECK(std::isnan(Auc({}, {})));
  CHECK(std::isnan(Auc({1, 2}, {1, 1})));
  CHECK(std::isnan(Auc({1, 2}, {0, 0})));
  CHECK(std::isnan(Auc({1, NAN}, {0, 1})));
}

TEST_CASE("AUC equals the count over all pairs", "[metrics]") {
  const uint64_t levels = GENERATE(uint64_t{2}, uint64_t{7}, uint64_t{1'000'000});  // Many ties.
  std::vector<float> scores, labels;
  for (uint64_t i = 0; i < 400; ++i) {
    scores.push_back(static_cast<float>(HashWords(levels, i) % levels));
    labels.push_back(HashWords(i, levels) % 3 == 0 ? 1.0f : 0.0f);
  }
  double in_order = 0, pairs = 0;
  for (size_t p = 0; p < scores.size(); ++p) {
    for (size_t n = 0; n < scores.size(); ++n) {
      if (labels[p] != 1 || labels[n] != 0) continue;
      ++pairs;
      in_order += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
    }
  }
  CHECK(Auc(scores, labels) == in_order / pairs);
}

TEST_CASE("A weight counts as so many equal rows, in both metrics", "[metrics]") {
  std::vector<float> scores, labels, weights, repeated_scores, repeated_labels;
  for (uint64_t i = 0; i < 300; ++i) {
    const float score = static_cast<float>(HashWords(5, i) % 40) / 10 - 2;
    const float label = HashWords(i, 5) % 3 == 0 ? 1.0f : 0.0f;
    const uint64_t weight = HashWords(i, 6) % 4;
    scores.push_back(score);
    labels.push_back(label);
    weights.push_back(static_cast<float>(weight));
    repeated_scores.insert(repeated_scores.end(), weight, score);
    repeated_labels.insert(repeated_labels.end(), weight, label);
  }
  CHECK(ExactAuc(scores, labels, weights) ==
        Approx(ExactAuc(repeated_scores, repeated_labels)).epsilon(1e-12));
  CHECK(MeanLogLoss(scores, labels, weights) ==
        Approx(MeanLogLoss(repeated_scores, repeated_labels)).epsilon(1e-12));
  CHECK(ExactAuc(scores, labels, {}) == ExactAuc(scores, labels));
  CHECK(ExactAuc(scores, labels, std::vector<float>(300, 0.25f)) ==
        Approx(ExactAuc(scores, labels)).epsilon(1e-12));
}

TEST_CASE("Metrics without weight are undefined", "[metrics]") {
  const std::vector<float> scores = {1, 2, 3}, labels = {0, 1, 1};
  CHECK(std::isnan(ExactAuc(scores, labels, std::vector<float>{0, 1, 1})));
  CHECK(std::isnan(ExactAuc(scores, labels, std::vector<float>{1, 0, 0})));
  CHECK(std::isnan(ExactAuc(std::vector<float>{1, NAN, 3}, labels, std::vector<float>{1, 1, 1})));
  CHECK(std::isnan(MeanLogLoss(scores, labels, std::vector<float>{0, 0, 0})));
}

TEST_CASE("The mean log loss is the mean of the losses", "[metrics]") {
  const std::vector<float> margins = {0.5f, -2, 1e4f}, labels = {1, 1, 0};
  const double sum = LogisticLoss(0.5f, 1) + LogisticLoss(-2, 1) + 1e4;
  CHECK(MeanLogLoss(margins, labels) == Approx(sum / 3));
  CHECK(std::isnan(MeanLogLoss({}, {})));
}

TEST_CASE("Calibration is what is predicted for each positive label that there is", "[metrics]") {
  const std::vector<float> margins = {0, 0, std::log(3.0f), -1e4f}, labels = {1, 0, 1, 0};
  CHECK(Calibration(margins, labels) == Approx((0.5 + 0.5 + 0.75) / 2));
  const std::vector<float> weights = {2, 0, 4, 1};
  CHECK(Calibration(margins, labels, weights) == Approx((2 * 0.5 + 4 * 0.75) / 6));
  CHECK(std::isnan(Calibration(margins, std::vector<float>{0, 0, 0, 0})));
  CHECK(std::isnan(Calibration({}, {})));
}

TEST_CASE("The best constant says the shares of classes, or the mean", "[metrics]") {
  const std::vector<float> labels = {0, 2, 2, 1}, weights = {0, 1, 2, 1};
  const ConstantOfClasses all = BestConstantOfClasses(3, labels);
  CHECK(all.accuracy == 0.5);
  CHECK(all.loss == Approx(0.5 * std::log(2.0) + 0.5 * std::log(4.0)));
  const ConstantOfClasses weighted = BestConstantOfClasses(3, labels, weights);
  CHECK(weighted.accuracy == 0.75);
  CHECK(weighted.loss == Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)));
  CHECK(BestConstantOfClasses(2, std::vector<float>{1, 1}).loss == 0);
  // Whatever a peer calls a label is one of the classes.
  CHECK(BestConstantOfClasses(2, std::vector<float>{-3, NAN, 1e30f, 1}).accuracy == 0.5);
  CHECK(std::isnan(BestConstantOfClasses(2, {}).loss));
  CHECK(std::isnan(BestConstantOfClasses(2, {}).accuracy));
  CHECK(LabelVariance(std::vector<float>{1, 3}) == 1);
  CHECK(LabelVariance(std::vector<float>{1, 3, 7}, std::vector<float>{2, 2, 0}) == 1);
  CHECK(std::isnan(LabelVariance({})));
}

TEST_CASE("Accuracy and mean losses of classes and values", "[metrics]") {
  const std::vector<float> margins = {1, -1, 0, 2}, two = {1, 1, 0, 0}, weights = {1, 0, 1, 2};
  CHECK(BinaryAccuracy(margins, two) == 0.5);
  CHECK(BinaryAccuracy(margins, two, weights) == 0.5);
  CHECK(BinaryAccuracy(margins, two, std::vector<float>{3, 1, 0, 0}) == 0.75);
  CHECK(std::isnan(BinaryAccuracy({}, {})));
  const std::vector<float> scores = {1, 2, 3, 5, 5, 0, 0, 1, 0}, labels = {2, 1, 1};
  CHECK(ClassAccuracy(scores, labels) == Approx(2 / 3.0));  // The second: the lowest of equals.
  CHECK(ClassAccuracy(scores, labels, std::vector<float>{1, 2, 1}) == 0.5);
  const double first = std::log(std::exp(-2.0) + std::exp(-1.0) + 1);
  CHECK(MeanSoftmaxLoss(scores, labels, std::vector<float>{1, 0, 0}) == Approx(first));
  CHECK(std::isnan(ClassAccuracy({}, {})));
  CHECK(std::isnan(MeanSoftmaxLoss({}, {})));
  CHECK(MeanSquaredError(margins, two) == (0 + 4 + 0 + 4) / 4.0);
  CHECK(MeanSquaredError(margins, two, weights) == 8 / 4.0);
}

}  // namespace
}  // namespace cairn
