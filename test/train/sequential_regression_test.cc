#include "train/sequential_regression.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "train/model.h"

namespace cairn {
namespace {

ModelSettings Settings(const std::string& optimizer) {
  ModelSettings settings;
  settings.optimizer = optimizer;
  settings.base_rate = 0.25f;
  settings.update = kSequentialUpdate;
  return settings;
}

// y = 1 {3, 5}, y = 0 {5}.
RowBatch TwoRows() {
  RowBatch rows;
  rows.labels = {1, 0};
  rows.offsets = {0, 2, 3};
  rows.keys = {3, 5, 5};
  return rows;
}

TEST_CASE("Sequential regression: every feature has a row") {
  ModelSettings settings = Settings("adagrad");
  settings.retention.admit_count = 2;
  CHECK(MessageOf(MakeModel(settings).status()).find("need --update gradient") !=
        std::string_view::npos);
}

TEST_CASE("Sequential regression: tables hold weights and state, and servers add") {
  const auto model = MakeModel(Settings("adagrad")).value();
  REQUIRE(model->tables().size() == 2);
  const TableSpec& weights = model->tables()[0];
  CHECK(weights.name == "weights");
  CHECK(weights.width() == 3);
  CHECK(weights.parts[0].optimizer.name == "sum");
  const TableSpec& bias = model->tables()[1];
  CHECK(bias.kind == TableSpec::Kind::kDense);
  CHECK(bias.blocks() == 1);
  CHECK(bias.width() == 2);
  CHECK(MakeModel(Settings("ftrl")).value()->tables()[0].width() == 3);
  CHECK(MakeModel(Settings("sgd")).value()->tables()[0].width() == 2);
}

TEST_CASE("Sequential regression: the second row is predicted by what the first one taught") {
  const ModelSettings settings = Settings("sgd");
  const auto model = MakeModel(settings).value();
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const std::vector<std::vector<float>> zeros = {std::vector<float>(4), {0}};
  const std::vector<float> before = model->Score(*batch, zeros);
  CHECK(before[0] == Approx(std::log(0.25 / 0.75)));
  const StepResult result = model->Compute(*batch, zeros, 0, 1);
  // What is pushed, added to zeros, is the model.
  const std::vector<std::vector<float>> after = {result.push->tables[0].values,
                                                 result.push->tables[1].values};
  const float step = settings.learning_rate * 0.75f;  // y - p of the first row, times the rate.
  const double second = before[1] + 2 * step;         // Bias and weight of 5 have moved.
  CHECK(result.loss_sum == Approx(-std::log(0.25) + std::log1p(std::exp(second))));
  const double back = settings.learning_rate / (1 + std::exp(-second));
  const std::vector<float> scores = model->Score(*batch, after);
  CHECK(scores[0] == Approx(before[0] + 3 * step - 2 * back));
  CHECK(scores[1] == Approx(before[1] + 2 * step - 2 * back));
}

TEST_CASE("Sequential regression: other optimizers are refused") {
  const absl::Status status = MakeModel(Settings("adam")).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) ==
        "--update sequential: rows cannot be learnt one by one with optimizer \"adam\", only with "
        "sgd, adagrad or ftrl");
}

}  // namespace
}  // namespace cairn
