#include "kernels/losses.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("The logistic loss has its known values", "[losses]") {
  CHECK(LogisticLoss(0, 0) == Approx(std::log(2.0)));
  CHECK(LogisticLoss(0, 1) == Approx(std::log(2.0)));
  CHECK(LogisticLoss(2, 1) == Approx(-std::log(1 / (1 + std::exp(-2.0)))));
  CHECK(LogisticLoss(2, 0) == Approx(-std::log(1 - 1 / (1 + std::exp(-2.0)))));
  CHECK(LogisticLoss(-2, 1) == Approx(LogisticLoss(2, 0)));
}

TEST_CASE("The logistic loss is finite and exact at extreme margins", "[losses]") {
  CHECK(LogisticLoss(1e4f, 0) == 1e4);
  CHECK(LogisticLoss(-1e4f, 1) == 1e4);
  CHECK(LogisticLoss(1e4f, 1) == 0);
  CHECK(LogisticLoss(-1e4f, 0) == 0);
  CHECK(LogisticLoss(40, 1) == Approx(std::exp(-40.0)).epsilon(1e-9));  // No cancellation.
}

TEST_CASE("The logistic gradient is the loss's derivative", "[losses]") {
  const float label = GENERATE(0.0f, 1.0f, 0.25f);
  for (int i = -200; i <= 200; ++i) {
    const float z = static_cast<float>(i) * 0.125f;
    constexpr float kStep = 0x1p-7f;
    const double slope =
        (LogisticLoss(z + kStep, label) - LogisticLoss(z - kStep, label)) / (2 * kStep);
    CHECK(LogisticGradient(z, label) == Approx(slope).epsilon(1e-4).margin(1e-6));
  }
}

TEST_CASE("The logistic gradient keeps its precision where it nears 0", "[losses]") {
  CHECK(LogisticGradient(30, 1) == Approx(-std::exp(-30.0)).epsilon(1e-6));
  CHECK(LogisticGradient(-30, 0) == Approx(std::exp(-30.0)).epsilon(1e-6));
  CHECK(LogisticGradient(1e4f, 0) == 1);
  CHECK(LogisticGradient(-1e4f, 1) == -1);
  CHECK(LogisticGradient(1e4f, 1) == 0);
  CHECK(std::isnan(LogisticGradient(std::nanf(""), 1)));
}

TEST_CASE("A batch's losses and gradients, also in place", "[losses]") {
  std::vector<float> margins = {0.5f, -1.5f, 3};
  const std::vector<float> labels = {1, 0, 0};
  double loss = 0;
  std::vector<float> expected;
  for (size_t i = 0; i < 3; ++i) {
    loss += LogisticLoss(margins[i], labels[i]);
    expected.push_back(LogisticGradient(margins[i], labels[i]));
  }
  CHECK(LogisticLossAndGradients(margins, labels, {}, margins) == Approx(loss).epsilon(1e-14));
  CHECK(margins == expected);
  CHECK(LogisticLossAndGradients({}, {}, {}, {}) == 0);
}

TEST_CASE("A large batch's loss is the sum of its rows', weighted or not", "[losses]") {
  std::vector<float> margins, labels, weights;
  double loss = 0, weighted = 0;
  for (int i = 0; i < 5000; ++i) {
    margins.push_back(static_cast<float>(i % 101 - 50) * 0.3f);
    labels.push_back(static_cast<float>(i % 2));
    weights.push_back(static_cast<float>(i % 7));
    loss += LogisticLoss(margins.back(), labels.back());
    weighted += weights.back() * LogisticLoss(margins.back(), labels.back());
  }
  std::vector<float> gradients(margins.size());
  CHECK(LogisticLossAndGradients(margins, labels, {}, gradients) == Approx(loss).epsilon(1e-12));
  CHECK(LogisticLossAndGradients(margins, labels, weights, gradients) ==
        Approx(weighted).epsilon(1e-12));
}

TEST_CASE("Softmax: known values, far scores, and NaN", "[losses]") {
  std::vector<float> p(3);
  Softmax(std::vector<float>{0, 0, 0}, p);
  for (const float each : p) CHECK(each == Approx(1 / 3.0));
  Softmax(std::vector<float>{1, 2, 4}, p);
  const double sum = std::exp(1.0) + std::exp(2.0) + std::exp(4.0);
  CHECK(p[1] == Approx(std::exp(2.0) / sum));
  CHECK(SoftmaxLoss(std::vector<float>{1, 2, 4}, 0) == Approx(std::log(sum) - 1));
  Softmax(std::vector<float>{1e4f, -1e4f, 0}, p);
  CHECK(p == std::vector<float>{1, 0, 0});
  CHECK(SoftmaxLoss(std::vector<float>{1e4f, -1e4f, 0}, 1) == 2e4);
  Softmax(std::vector<float>{1, std::nanf(""), 0}, p);
  CHECK(std::isnan(p[0]));
  CHECK(std::isnan(SoftmaxLoss(std::vector<float>{std::nanf(""), 0}, 0)));
}

TEST_CASE("Softmax: two classes are logistic", "[losses]") {
  for (const float margin : {-3.0f, 0.0f, 0.5f, 20.0f}) {
    const std::vector<float> scores = {0.25f, 0.25f + margin};
    CHECK(SoftmaxLoss(scores, 1) == Approx(LogisticLoss(margin, 1)));
    CHECK(SoftmaxLoss(scores, 0) == Approx(LogisticLoss(margin, 0)));
  }
}

TEST_CASE("Softmax and squared: gradients are the losses' derivatives", "[losses]") {
  std::vector<float> scores = {0.5f, -1, 2, 0, 0.25f, -0.5f}, gradients(6);
  const std::vector<float> labels = {2, 0}, weights = {1, 2.5f};
  const double loss = SoftmaxLossAndGradients(scores, labels, weights, gradients);
  const auto of_rows = [&] {
    const std::span<const float> all(scores);
    return SoftmaxLoss(all.first(3), 2) + 2.5 * SoftmaxLoss(all.last(3), 0);
  };
  CHECK(loss == Approx(of_rows()));
  constexpr float kStep = 0x1p-8f;
  for (size_t i = 0; i < scores.size(); ++i) {
    const float before = scores[i];
    scores[i] = before + kStep;
    const double above = of_rows();
    scores[i] = before - kStep;
    const double below = of_rows();
    scores[i] = before;
    CHECK(gradients[i] == Approx((above - below) / (2 * kStep)).epsilon(1e-3));
  }
  const std::vector<float> expected = gradients;
  SoftmaxLossAndGradients(scores, labels, weights, scores);  // In place.
  CHECK(scores == expected);
  CHECK(SoftmaxLossAndGradients({}, {}, {}, {}) == 0);

  std::vector<float> values = {1, -2}, slopes(2);
  CHECK(SquaredLossAndGradients(values, std::vector<float>{0.5f, 1}, {}, slopes) == 9.25);
  CHECK(slopes == std::vector<float>{1, -6});
  CHECK(SquaredLossAndGradients(values, std::vector<float>{0.5f, 1}, weights, values) == 22.75);
  CHECK(values == std::vector<float>{1, -15});
}

}  // namespace
}  // namespace cairn
