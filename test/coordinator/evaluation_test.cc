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

}  // namespace
}  // namespace cairn
