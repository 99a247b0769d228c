#include "train/custom_model.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kPairs = 0, kDense = 1, kSingles = 2;

// Two sparse tables, of rows of 2 and 1 floats, and a dense one of 5 floats in blocks of 2.
class Sample final : public CustomModel {
 public:
  explicit Sample(Labels labels) : labels_(labels) {}

  Labels labels() const override { return labels_; }
  std::vector<TableSpec> Tables() const override {
    std::vector<TableSpec> tables(3);
    tables[kPairs].name = "pairs";
    tables[kPairs].parts[0].width = 2;
    tables[kDense].name = "dense";
    tables[kDense].kind = TableSpec::Kind::kDense;
    tables[kDense].dense_size = 5;
    tables[kDense].parts[0].width = 2;
    tables[kSingles].name = "singles";
    return tables;
  }

  // A feature's gradients are (value, its field) and the row's weight; those of the dense table its
  // own weights.
  double Learn(const ModelBatch& batch, std::span<const ModelTable> tables) const override {
    for (size_t row = 0; row < batch.rows(); ++row) {
      for (size_t i = batch.offsets[row]; i < batch.offsets[row + 1]; ++i) {
        tables[kPairs].gradient(i)[0] += batch.value(i);
        tables[kPairs].gradient(i)[1] += batch.fields.empty() ? 0 : batch.fields[i];
        tables[kSingles].gradient(i)[0] += batch.weight(row);
      }
    }
    for (size_t i = 0; i < tables[kDense].weights.size(); ++i) {
      tables[kDense].gradients[i] = tables[kDense].weights[i];
    }
    return Sum(batch, tables);
  }

  void Score(const ModelBatch& batch, std::span<const ModelTable> tables,
             std::span<float> scores) const override {
    for (const ModelTable& table : tables) CHECK(table.gradients.empty());
    scores[0] = static_cast<float>(Sum(batch, tables));
  }

  double Loss(float score, float label) const override { return std::abs(score - label); }

 private:
  // Everything that was pulled, as often as it occurs.
  static double Sum(const ModelBatch& batch, std::span<const ModelTable> tables) {
    double sum = 0;
    for (size_t i = 0; i < batch.keys.size(); ++i) {
      sum += tables[kPairs].row(i)[0] + tables[kPairs].row(i)[1] + tables[kSingles].row(i)[0];
    }
    for (const float weight : tables[kDense].weights) sum += weight;
    return sum;
  }

  const Labels labels_;
};

std::unique_ptr<Model> Make(CustomModel::Labels labels, const ModelSettings& settings = {}) {
  return MakeCustomModel(settings,
                         [labels](const ModelSpec&) { return std::make_unique<Sample>(labels); })
      .value();
}

RowBatch TwoRows() {
  RowBatch rows;
  rows.AddFeature(7, 1);
  rows.AddFeature(9, 3);
  rows.AddRow(1, 1);
  rows.AddFeature(7, 0.5f);
  rows.AddRow(0, 0.25f);
  rows.fields = {2, 3, 4};
  return rows;
}

// What a pull of these rows brings: (key, 2 * key) and key / 2 of a feature, 1 2 3 4 5 of the dense
// table, and something where its last block is not used.
std::vector<std::vector<float>> Pulled(const PullPayload& payload, const RowBatch& rows) {
  std::vector<std::vector<float>> values(3);
  for (size_t table = 0; table < 3; ++table) {
    values[table].resize(payload[table]->unique() * payload[table]->width);
  }
  for (size_t i = 0; i < rows.keys.size(); ++i) {
    const auto key = static_cast<float>(rows.keys[i]);
    values[kPairs][2 * payload[kPairs]->inverse[i]] = key;
    values[kPairs][2 * payload[kPairs]->inverse[i] + 1] = 2 * key;
    values[kSingles][payload[kSingles]->inverse[i]] = key / 2;
  }
  for (size_t i = 0; i < values[kDense].size(); ++i) {
    const size_t at = 2 * payload[kDense]->inverse[i / 2] + i % 2;
    values[kDense][at] = i < 5 ? static_cast<float>(i + 1) : 1000;
  }
  return values;
}

TEST_CASE("Models of one's own: see their rows feature by feature, and dense tables in order") {
  const auto model = Make(CustomModel::Labels::kNumbers);
  KeyCutter cutter(64);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const PullPayload& payload = *batch->pull();
  REQUIRE(payload.size() == 3);
  CHECK(payload[kPairs]->unique() == 2);
  CHECK(payload[kDense]->unique() == 3);
  const auto values = Pulled(payload, TwoRows());
  const double expected = 3.5 * (7 + 9 + 7) + 15;
  CHECK(model->Score(*batch, values)[0] == expected);
  const StepResult result = model->Compute(*batch, values, 3, 0.5f);
  CHECK(result.loss_sum == expected);
  CHECK(result.rows == 2);
  CHECK(result.extra_weight == -0.75);
  CHECK(result.push->rows == 2);
  CHECK(result.push->epoch == 3);
  CHECK(result.push->rate_factor == 0.5f);
}

TEST_CASE("Models of one's own: push gradients in the order of the pull") {
  const auto model = Make(CustomModel::Labels::kNumbers);
  KeyCutter cutter(64);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const PullPayload& payload = *batch->pull();
  auto values = Pulled(payload, TwoRows());
  const auto push = model->Compute(*batch, values, 0, 1).push;
  REQUIRE(push->tables.size() == 3);
  for (size_t table = 0; table < 3; ++table) CHECK(push->tables[table].cut == payload[table]);
  const auto& pairs = push->tables[kPairs].values;
  const uint32_t seven = payload[kPairs]->inverse[0], nine = payload[kPairs]->inverse[1];
  CHECK(pairs[2 * seven] == 1.5f);
  CHECK(pairs[2 * seven + 1] == 6);
  CHECK(pairs[2 * nine] == 3);
  CHECK(push->tables[kSingles].values[payload[kSingles]->inverse[0]] == 1.25f);
  for (float& value : values[kDense])
    value = value == 1000 ? 0 : value;  // Not used, so not pushed.
  CHECK(push->tables[kDense].values == values[kDense]);
  CHECK_FALSE(push->bare);
}

TEST_CASE("Models of one's own: what is not finite is not pushed, and no rows pull nothing") {
  const auto model = Make(CustomModel::Labels::kNumbers);
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  auto values = Pulled(*batch->pull(), TwoRows());
  values[kDense][0] = std::numeric_limits<float>::infinity();
  CHECK(model->Compute(*batch, values, 0, 1).push->bare);
  const auto empty = model->Prepare({}, &cutter);
  for (const auto& cut : *empty->pull()) CHECK(cut->unique() == 0);
  const StepResult result = model->Compute(*empty, {{}, {}, {}}, 0, 1);
  CHECK(result.rows == 0);
  CHECK(result.push->tables.empty());
  CHECK(model->Score(*empty, {{}, {}, {}}).empty());
}

TEST_CASE("Models of one's own: evaluation is told losses of numbers, margins of classes") {
  const RowBatch rows = TwoRows();
  const ScoredRows losses = Make(CustomModel::Labels::kNumbers)->ForEvaluation(rows, {10, -1});
  CHECK(losses.kind == ScoreKind::kValue);
  CHECK(losses.scores == std::vector<float>{3, 1});  // Squared, with labels of 0: the losses.
  CHECK(losses.labels == std::vector<float>{0, 0});
  CHECK(losses.weights == rows.weights);
  const auto classes = Make(CustomModel::Labels::kTwoClasses);
  CHECK(classes->ForEvaluation(rows, {3, -1}).kind == ScoreKind::kMargin);
  CHECK(classes->ForEvaluation(rows, {3, -1}).scores == std::vector<float>{3, -1});
  CHECK(classes->score_kind() == ScoreKind::kMargin);
}

TEST_CASE("Models of one's own: retention of the settings is that of sparse tables") {
  ModelSettings settings;
  CHECK(Make(CustomModel::Labels::kNumbers, settings)->tables()[kPairs].retention ==
        RetentionSpec{});
  settings.retention = {.admit_count = 3};
  const auto model = Make(CustomModel::Labels::kNumbers, settings);
  CHECK(model->tables()[kPairs].retention == settings.retention);
  CHECK(model->tables()[kSingles].retention == settings.retention);
  CHECK(model->tables()[kDense].retention == RetentionSpec{});
}

TEST_CASE("Models of one's own: are made from the settings, or say what is wrong") {
  ModelSettings settings;
  settings.optimizer = "ftrl";
  settings.learning_rate = 0.25f;
  settings.l1 = 2;
  settings.l2 = 3;
  settings.base_rate = 0.125f;
  settings.label_mean = 7;
  settings.model_options = "a b";
  ModelSpec seen;
  const auto refuse = [&](const ModelSpec& spec) -> absl::StatusOr<std::unique_ptr<CustomModel>> {
    seen = spec;
    return InvalidArgument("no");
  };
  CHECK(MessageOf(MakeCustomModel(settings, refuse).status()) == "no");
  CHECK(seen.optimizer == OptimizerSpec{.name = "ftrl", .learning_rate = 0.25f, .l1 = 2, .l2 = 3});
  CHECK(seen.base_rate == 0.125f);
  CHECK(seen.mean_label == 7);
  CHECK(seen.options == "a b");
  const auto nothing = [](const ModelSpec&) { return std::unique_ptr<CustomModel>(); };
  CHECK(MakeCustomModel(settings, nothing).status().code() == absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cairn
