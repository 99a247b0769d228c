#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "train/model.h"

namespace cairn {
namespace {

using Values = std::vector<std::vector<float>>;

std::unique_ptr<Model> Make(const ModelSettings& settings = {}) {
  return MakeModel(settings).value();
}

// Two rows: y = 1 {3: 1, 5: 2}, y = 0 {5: 1, 3: 1, 5: 1}.
RowBatch TwoRows() {
  RowBatch rows;
  rows.labels = {1, 0};
  rows.offsets = {0, 2, 5};
  rows.keys = {3, 5, 5, 3, 5};
  rows.values = {1, 2, 1, 1, 1};
  return rows;
}

struct Prepared {
  explicit Prepared(const Model& model, RowBatch rows = TwoRows())
      : cutter(4), batch(model.Prepare(std::move(rows), &cutter)) {}

  const KeyCut& cut(size_t table) const { return *(*batch->pull())[table]; }
  // Weights of the distinct keys in the order of the cut, and the bias.
  Values ValuesOf(float of_three, float of_five, float bias) const {
    Values values = {std::vector<float>(2), {bias}};
    values[0][cut(0).inverse[0]] = of_three;
    values[0][cut(0).inverse[1]] = of_five;
    return values;
  }

  KeyCutter cutter;
  std::unique_ptr<PreparedBatch> batch;
};

TEST_CASE("Logistic regression: a batch pulls its distinct features and the bias") {
  const auto model = Make();
  const Prepared prepared(*model);
  CHECK(prepared.cut(0).unique() == 2);
  CHECK(prepared.cut(0).table == 0);
  CHECK(prepared.cut(1).table == 1);
  CHECK(prepared.cut(1).ids == std::vector<uint64_t>{0});
  CHECK(model->Rows(*prepared.batch).labels == std::vector<float>{1, 0});
}

TEST_CASE("Logistic regression: an update that it does not know is refused by name") {
  ModelSettings settings;
  settings.update = "both";
  CHECK(MessageOf(MakeModel(settings).status()) ==
        "unknown update \"both\"; known: gradient, sequential");
}

TEST_CASE("Logistic regression: scores are margins") {
  const auto model = Make();
  const Prepared prepared(*model);
  const std::vector<float> scores =
      model->Score(*prepared.batch, prepared.ValuesOf(0.5f, -0.25f, 0.125f));
  // 0.125 + 0.5 - 0.5, and 0.125 - 0.25 + 0.5 - 0.25.
  CHECK(scores == std::vector<float>{0.125f, 0.125f});
}

TEST_CASE("Logistic regression: gradients are those of the loss") {
  const auto model = Make();
  const Prepared prepared(*model);
  const float three = 0.3f, five = -0.7f, bias = 0.1f;
  const StepResult result =
      model->Compute(*prepared.batch, prepared.ValuesOf(three, five, bias), 6, 0.5f);
  CHECK(result.rows == 2);
  CHECK(result.push->rows == 2);
  CHECK(result.push->epoch == 6);
  CHECK(result.push->rate_factor == 0.5f);
  CHECK(!result.push->bare);
  const auto loss = [](double w3, double w5, double b) {
    const double one = b + w3 + 2 * w5, two = b + w3 + 2 * w5;
    return std::log1p(std::exp(-one)) + std::log1p(std::exp(two));
  };
  CHECK(result.loss_sum == Approx(loss(three, five, bias)));
  const double h = 1e-5;
  const auto slope = [&](double d3, double d5, double db) {
    return (loss(three + h * d3, five + h * d5, bias + h * db) -
            loss(three - h * d3, five - h * d5, bias - h * db)) /
           (2 * h);
  };
  REQUIRE(result.push->tables.size() == 2);
  const std::vector<float>& weights = result.push->tables[0].values;
  CHECK(weights[prepared.cut(0).inverse[0]] == Approx(slope(1, 0, 0)));
  CHECK(weights[prepared.cut(0).inverse[1]] == Approx(slope(0, 1, 0)));
  CHECK(result.push->tables[1].values[0] == Approx(slope(0, 0, 1)));
}

TEST_CASE("Linear regression: scores and gradients are those of labels with a mean and a scale") {
  ModelSettings settings;
  settings.loss = kSquaredLoss;
  settings.label_mean = 10;
  settings.label_scale = 2;
  const auto model = Make(settings);
  CHECK(model->score_kind() == ScoreKind::kValue);
  CHECK(model->tables()[1].parts[0].initializer.scale == 0);  // The mean label.
  const Prepared prepared(*model);
  const Values values = prepared.ValuesOf(0.5f, -0.25f, 0.125f);
  CHECK(model->Score(*prepared.batch, values) == std::vector<float>{10.25f, 10.25f});
  const StepResult result = model->Compute(*prepared.batch, values, 0, 1);
  CHECK(result.loss_sum == 9.25 * 9.25 + 10.25 * 10.25);
  CHECK(result.push->tables[1].values[0] == 9.25f + 10.25f);
}

TEST_CASE("Linear models have one result") {
  ModelSettings settings;
  settings.model = GENERATE("lr", "fm");
  settings.loss = kSoftmaxLoss;
  settings.classes = 3;
  CHECK(MessageOf(MakeModel(settings).status()) ==
        "the model " + settings.model + " has one result, and classes have one each");
  settings.loss = "hinge";
  CHECK_FALSE(MakeModel(settings).ok());
  settings = {};
  settings.update = kSequentialUpdate;
  settings.loss = kSquaredLoss;
  CHECK_FALSE(MakeModel(settings).ok());
}

TEST_CASE("Logistic regression: a row counts as much as it weighs") {
  const auto model = Make();
  RowBatch rows;
  RowBatch repeated;
  for (const auto& [key, label, weight] :
       {std::tuple<Key, float, uint64_t>{3, 1, 2}, {5, 0, 1}, {7, 1, 0}}) {
    rows.AddFeature(key, 1);
    rows.AddRow(label, static_cast<float>(weight));
    for (uint64_t i = 0; i < weight; ++i) {
      repeated.AddFeature(key, 1);
      repeated.AddRow(label, 1);
    }
  }
  rows.AddFeature(7, 1);  // So that both have the same keys.
  rows.AddRow(0, 1);
  repeated.AddFeature(7, 1);
  repeated.AddRow(0, 1);
  const Prepared weighted(*model, rows);
  const Prepared plain(*model, repeated);
  const auto step = [&](const Prepared& prepared) {
    return model->Compute(*prepared.batch, {{0.3f, -0.7f, 0.2f}, {0.1f}}, 0, 1);
  };
  const StepResult a = step(weighted);
  const StepResult b = step(plain);
  CHECK(a.rows == 4);
  CHECK(a.extra_weight == 0);  // 2 + 1 + 0 + 1 - 4
  CHECK(a.loss_sum == Approx(b.loss_sum));
  REQUIRE(a.push->tables[0].values.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(a.push->tables[0].values[i] == Approx(b.push->tables[0].values[i]));
  }
  CHECK(a.push->tables[1].values[0] == Approx(b.push->tables[1].values[0]));
  CHECK(model->Rows(*weighted.batch).weights == std::vector<float>{2, 1, 0, 1});
}

TEST_CASE("Logistic regression: a gradient that is not finite goes as a bare stamp") {
  const auto model = Make();
  const Prepared prepared(*model);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(model->Compute(*prepared.batch, prepared.ValuesOf(nan, 0, 0), 0, 1).push->bare);
}

TEST_CASE("Logistic regression: a batch without rows pulls and pushes nothing") {
  const auto model = Make();
  const Prepared prepared(*model, RowBatch{});
  CHECK(prepared.cut(0).unique() == 0);
  CHECK(prepared.cut(1).unique() == 0);
  const StepResult result = model->Compute(*prepared.batch, {{}, {}}, 0, 1);
  CHECK(result.rows == 0);
  CHECK(result.loss_sum == 0);
  CHECK(result.push->tables.empty());
  CHECK(model->Score(*prepared.batch, {{}, {}}).empty());
}

TEST_CASE("Logistic regression: the prior is for weights, the base rate for the bias") {
  ModelSettings settings;
  settings.optimizer = "ftrl";
  settings.learning_rate = 0.2f;
  settings.l1 = 3;
  settings.l2 = 4;
  settings.base_rate = 0.2f;
  const auto model = Make(settings);
  const TableSpec& weights = model->tables()[0];
  CHECK(weights.kind == TableSpec::Kind::kSparse);
  CHECK(weights.parts[0].optimizer.name == "ftrl");
  CHECK(weights.parts[0].optimizer.learning_rate == 0.2f);
  CHECK(weights.parts[0].optimizer.l1 == 3);
  CHECK(weights.parts[0].optimizer.l2 == 4);
  const TableSpec& bias = model->tables()[1];
  CHECK(bias.kind == TableSpec::Kind::kDense);
  CHECK(bias.dense_size == 1);
  CHECK(bias.parts[0].optimizer.l1 == 0);
  CHECK(bias.parts[0].optimizer.l2 == 0);
  CHECK(bias.parts[0].initializer.scale == Approx(std::log(0.25)));
}

TEST_CASE("MakeModel: unknown models and impossible rates are refused") {
  ModelSettings settings;
  settings.model = "tree";
  CHECK(MessageOf(MakeModel(settings).status()) ==
        "unknown model \"tree\"; known: lr, fm, ffm, mlp, wide_deep, deepfm, count");
  for (const float rate : {0.0f, 1.0f, std::numeric_limits<float>::quiet_NaN()}) {
    settings = {};
    settings.base_rate = rate;
    CHECK(MakeModel(settings).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace cairn
