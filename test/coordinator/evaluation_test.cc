#include "coordinator/evaluation.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/metrics.h"

namespace cairn {
namespace {

EvaluationResult ResultOf(std::vector<float> scores, std::vector<float> labels) {
  return {{}, 1, std::move(scores), std::move(labels)};
}

TEST_CASE("Evaluation: complete with the last batch, whatever the order and however often") {
  Evaluation evaluation(2);
  CHECK(evaluation.Add(1, ResultOf({2.0f}, {1})) == Evaluation::Added::kNew);
  CHECK(evaluation.Add(1, ResultOf({-9.0f}, {1})) == Evaluation::Added::kDuplicate);
  CHECK(!evaluation.complete());
  CHECK(evaluation.Has(1));
  CHECK(!evaluation.Has(0));
  CHECK(evaluation.Add(0, ResultOf({-1.0f, 0.5f}, {0, 1})) == Evaluation::Added::kNew);
  REQUIRE(evaluation.complete());
  const Evaluation::Metrics metrics = evaluation.Compute();
  const std::vector<float> scores = {-1.0f, 0.5f, 2.0f};
  const std::vector<float> labels = {0, 1, 1};
  CHECK(metrics.rows == 3);
  CHECK(metrics.logloss == MeanLogLoss(scores, labels));
  CHECK(metrics.auc == 1);
}

TEST_CASE("Evaluation: what is left out has no part in the metrics, and is not waited for") {
  Evaluation evaluation(3);
  CHECK(evaluation.Add(2, ResultOf({2.0f}, {1})) == Evaluation::Added::kNew);
  evaluation.LeaveOut(1);
  evaluation.LeaveOut(2);  // It is there.
  evaluation.LeaveOut(3);  // There is none.
  CHECK(evaluation.Has(1));
  CHECK(!evaluation.complete());
  CHECK(evaluation.Add(1, ResultOf({9.0f}, {0})) == Evaluation::Added::kDuplicate);
  CHECK(evaluation.Add(0, ResultOf({-1.0f}, {0})) == Evaluation::Added::kNew);
  REQUIRE(evaluation.complete());
  CHECK(evaluation.Compute().rows == 2);
  CHECK(evaluation.Compute().auc == 1);
}

TEST_CASE("Evaluation: of nothing but what is left out there is no metric") {
  Evaluation evaluation(1);
  evaluation.LeaveOut(0);
  REQUIRE(evaluation.complete());
  CHECK(std::isnan(evaluation.Compute().logloss));
  CHECK(std::isnan(evaluation.Compute().baseline_loss));
}

TEST_CASE("Evaluation: a batch that does not exist changes nothing") {
  Evaluation evaluation(1);
  CHECK(evaluation.Add(1, ResultOf({1.0f}, {1})) == Evaluation::Added::kDuplicate);
  CHECK(!evaluation.complete());
}

TEST_CASE("Evaluation: one class has no area under its curve") {
  Evaluation evaluation(1);
  CHECK(evaluation.Add(0, ResultOf({1.0f, 2.0f}, {1, 1})) == Evaluation::Added::kNew);
  CHECK(std::isnan(evaluation.Compute().auc));
}

TEST_CASE("Evaluation: batches without weights weigh 1 a row beside those with some") {
  Evaluation evaluation(2);
  EvaluationResult weighted = ResultOf({2.0f, 1.0f}, {0, 1});
  weighted.weights = {3, 0.5f};
  CHECK(evaluation.Add(1, weighted) == Evaluation::Added::kNew);
  CHECK(evaluation.Add(0, ResultOf({-1.0f, 0.5f}, {0, 1})) == Evaluation::Added::kNew);
  const Evaluation::Metrics metrics = evaluation.Compute();
  const std::vector<float> scores = {-1.0f, 0.5f, 2.0f, 1.0f};
  const std::vector<float> labels = {0, 1, 0, 1};
  const std::vector<float> weights = {1, 1, 3, 0.5f};
  CHECK(metrics.rows == 4);
  CHECK(metrics.logloss == MeanLogLoss(scores, labels, weights));
  CHECK(metrics.auc == ExactAuc(scores, labels, weights));
}

TEST_CASE("Evaluation: classes have an accuracy, values neither that nor an area") {
  Evaluation evaluation(2);
  EvaluationResult first = ResultOf({1, 2, 0, 0, 0, 3}, {1, 0});
  first.kind = ScoreKind::kClasses;
  EvaluationResult second = ResultOf({}, {});
  second.kind = ScoreKind::kClasses;
  CHECK(evaluation.Add(1, second) == Evaluation::Added::kNew);
  CHECK(evaluation.Add(0, first) == Evaluation::Added::kNew);
  const Evaluation::Metrics metrics = evaluation.Compute();
  CHECK(metrics.rows == 2);
  CHECK(metrics.accuracy == 0.5);
  CHECK(metrics.logloss == MeanSoftmaxLoss(first.scores, first.labels));
  CHECK(std::isnan(metrics.auc));
  const std::vector<float> values = {1, 2}, labels = {1.5f, 4};
  const Evaluation::Metrics of_values = MetricsOf(ScoreKind::kValue, values, labels, {});
  CHECK(of_values.logloss == (0.25 + 4) / 2);
  CHECK(std::isnan(of_values.auc));
  CHECK(std::isnan(of_values.accuracy));
  CHECK(MetricsOf(ScoreKind::kMargin, values, std::vector<float>{1, 0}, {}).accuracy == 0.5);
}

TEST_CASE("Evaluation: metrics stand beside those of the best constant") {
  const std::vector<float> scores = {0, 0, 0, 0}, labels = {1, 0, 0, 0};
  const Evaluation::Metrics two = MetricsOf(ScoreKind::kMargin, scores, labels, {});
  CHECK(two.baseline_accuracy == 0.75);
  CHECK(two.baseline_loss == BestConstantOfClasses(2, labels).loss);
  CHECK(two.calibration == 2);
  const Evaluation::Metrics values = MetricsOf(ScoreKind::kValue, scores, labels, {});
  CHECK(values.baseline_loss == LabelVariance(labels));
  CHECK(std::isnan(values.baseline_accuracy));
  CHECK(std::isnan(values.calibration));
  const std::vector<float> of_three(12, 0.0f);
  const Evaluation::Metrics classes = MetricsOf(ScoreKind::kClasses, of_three, labels, {});
  CHECK(classes.baseline_accuracy == 0.75);
  CHECK(std::isnan(classes.calibration));
  CHECK(std::isnan(MetricsOf(ScoreKind::kClasses, {}, {}, {}).baseline_loss));
}

TEST_CASE("Evaluation: scores of another kind, or of other classes, are not mixed in") {
  Evaluation evaluation(3);
  EvaluationResult classes = ResultOf({1, 2, 0}, {1});
  classes.kind = ScoreKind::kClasses;
  CHECK(evaluation.Add(0, classes) == Evaluation::Added::kNew);
  CHECK(evaluation.Add(1, ResultOf({1}, {1})) == Evaluation::Added::kOtherKind);
  classes.scores.pop_back();
  CHECK(evaluation.Add(1, classes) == Evaluation::Added::kOtherKind);
  CHECK_FALSE(evaluation.Has(1));
}

}  // namespace
}  // namespace cairn
