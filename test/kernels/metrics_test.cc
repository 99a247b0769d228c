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

TEST_CASE("The mean log loss is the mean of the losses", "[metrics]") {
  const std::vector<float> margins = {0.5f, -2, 1e4f}, labels = {1, 1, 0};
  const double sum = LogisticLoss(0.5f, 1) + LogisticLoss(-2, 1) + 1e4;
  CHECK(MeanLogLoss(margins, labels) == Approx(sum / 3));
  CHECK(std::isnan(MeanLogLoss({}, {})));
}

}  // namespace
}  // namespace cairn
