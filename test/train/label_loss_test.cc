#include "train/label_loss.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/status.h"
#include "kernels/losses.h"

namespace cairn {
namespace {

ModelSettings Squared(float mean, float scale) {
  ModelSettings settings;
  settings.loss = kSquaredLoss;
  settings.label_mean = mean;
  settings.label_scale = scale;
  return settings;
}

RowBatch Rows(const std::vector<float>& labels) {
  RowBatch rows;
  for (const float label : labels) rows.AddRow(label, 1);
  return rows;
}

TEST_CASE("Results of squared loss are deviations from the mean label", "[label_loss]") {
  const LabelLoss loss(Squared(100, 4));
  CHECK(loss.score_kind() == ScoreKind::kValue);
  std::vector<float> scores = {0, 0.5f, -2};
  loss.MakeScores(scores);
  CHECK(scores == std::vector<float>{100, 102, 92});
}

TEST_CASE("Gradients of squared loss are the same for labels in any unit", "[label_loss]") {
  std::vector<float> own = {0.5f, -1}, other = own;
  const LabelLoss loss(Squared(0, 1)), scaled(Squared(-7, 1000));
  loss.MakeScores(own);
  scaled.MakeScores(other);
  const double sum = loss.MakeGradients(Rows({1, 1}), own);
  const double scaled_sum = scaled.MakeGradients(Rows({1000 - 7, 1000 - 7}), other);
  CHECK(sum == 0.25 + 4);
  CHECK(scaled_sum == Approx(sum * 1e6));
  CHECK(own == std::vector<float>{-1, -4});
  CHECK(other[0] == Approx(own[0]));
  CHECK(other[1] == Approx(own[1]));
}

TEST_CASE("Margins and scores of classes are what they are", "[label_loss]") {
  ModelSettings settings;
  const LabelLoss logistic(settings);
  CHECK(logistic.score_kind() == ScoreKind::kMargin);
  std::vector<float> margins = {2, -1};
  logistic.MakeScores(margins);
  CHECK(margins == std::vector<float>{2, -1});
  CHECK(logistic.MakeGradients(Rows({1, 0}), margins) ==
        Approx(LogisticLoss(2, 1) + LogisticLoss(-1, 0)));
  CHECK(margins == std::vector<float>{LogisticGradient(2, 1), LogisticGradient(-1, 0)});
  settings.loss = kSoftmaxLoss;
  settings.classes = 3;
  const LabelLoss softmax(settings);
  CHECK(softmax.score_kind() == ScoreKind::kClasses);
  std::vector<float> scores = {1, 2, 3};
  softmax.MakeScores(scores);
  CHECK(softmax.MakeGradients(Rows({2}), scores) ==
        Approx(SoftmaxLoss(std::vector<float>{1, 2, 3}, 2)));
}

TEST_CASE("A loss that there is not, and labels without a scale, are refused", "[label_loss]") {
  ModelSettings settings;
  settings.loss = "hinge";
  CHECK(MessageOf(LabelLoss::Check(settings)) ==
        "unknown loss \"hinge\"; known: logistic, softmax, squared");
  CHECK(LabelLoss::Check(Squared(0, 1)) == absl::OkStatus());
  const float infinity = std::numeric_limits<float>::infinity();
  for (const ModelSettings& bad :
       {Squared(infinity, 1), Squared(0, infinity), Squared(0, 0), Squared(0, NAN)}) {
    CHECK_THAT(std::string(MessageOf(LabelLoss::Check(bad))),
               Catch::Contains("both must be finite, the latter above 0"));
  }
}

TEST_CASE("A step on a device learns the same", "[label_loss]") {
  const StepLoss squared = LabelLoss(Squared(-7, 1000)).ForStep();
  CHECK(squared.kind == LossKind::kSquared);
  CHECK(squared.label_mean == -7);
  CHECK(squared.label_scale == 1000);
  ModelSettings settings;
  CHECK(LabelLoss(settings).ForStep().kind == LossKind::kLogistic);
  settings.loss = kSoftmaxLoss;
  CHECK(LabelLoss(settings).ForStep().kind == LossKind::kSoftmax);
}

}  // namespace
}  // namespace cairn
