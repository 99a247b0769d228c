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

}  // namespace
}  // namespace cairn
