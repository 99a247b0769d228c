#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "kernels/losses.h"
#include "train/model.h"

namespace cairn {
namespace {

using Values = std::vector<std::vector<float>>;

ModelSettings Settings(const std::string& loss, uint32_t inputs) {
  ModelSettings settings;
  settings.model = "mlp";
  settings.optimizer = "adam";
  settings.learning_rate = 0.001f;
  settings.hidden = "5,3";
  settings.loss = loss;
  settings.classes = loss == kSoftmaxLoss ? 4 : 0;
  settings.label_mean = loss == kSquaredLoss ? 2.0f : 0;
  settings.label_scale = loss == kSquaredLoss ? 3.0f : 1;
  settings.inputs = inputs;
  settings.first_scale = 0.1f;
  return settings;
}

// Six rows over features 0 .. 6, with labels of all classes.
RowBatch SixRows(bool with_weights) {
  RowBatch rows;
  for (uint64_t row = 0; row < 6; ++row) {
    for (uint64_t i = 0; i < 3; ++i) {
      const Key key = HashWords(row, i) % 7;
      rows.AddFeature(key, static_cast<float>(UnitInterval(HashWords(row, i, 1)) - 0.5));
    }
    rows.AddRow(static_cast<float>(row % 2), with_weights ? static_cast<float>(row) : 1);
  }
  return rows;
}

struct Prepared {
  Prepared(const Model& model, RowBatch rows)
      : cutter(4), batch(model.Prepare(std::move(rows), &cutter)) {
    for (const auto& cut : *batch->pull()) {
      std::vector<float> table(cut->unique() * cut->width);
      for (float& value : table) {
        value = static_cast<float>(UnitInterval(HashWords(9, ++count)) - 0.5);
      }
      values.push_back(std::move(table));
    }
  }
  uint64_t count = 0;
  KeyCutter cutter;
  std::unique_ptr<PreparedBatch> batch;
  Values values;
};

double LossOf(const Model& model, const Prepared& prepared, const Values& values) {
  const RowBatch& rows = model.Rows(*prepared.batch);
  const std::vector<float> scores = model.Score(*prepared.batch, values);
  const size_t width = model.scores_per_row();
  REQUIRE(scores.size() == rows.rows() * width);
  double loss = 0;
  for (size_t row = 0; row < rows.rows(); ++row) {
    const std::span<const float> own(scores.data() + row * width, width);
    const float label = rows.labels[row];
    double each = std::pow(double{own[0]} - label, 2);
    if (model.score_kind() == ScoreKind::kMargin) each = LogisticLoss(own[0], label);
    if (model.score_kind() == ScoreKind::kClasses) each = SoftmaxLoss(own, label);
    loss += rows.weight(row) * each;
  }
  return loss;
}

TEST_CASE("mlp: gradients are the slopes of the loss, of every table") {
  const std::string loss = GENERATE(kLogisticLoss, kSoftmaxLoss, kSquaredLoss);
  const uint32_t inputs = GENERATE(0u, 7u);
  const bool with_weights = GENERATE(false, true);
  const auto model = MakeModel(Settings(loss, inputs)).value();
  Prepared prepared(*model, SixRows(with_weights));
  CAPTURE(loss, inputs, with_weights);
  const StepResult result = model->Compute(*prepared.batch, prepared.values, 4, 0.5f);
  CHECK(result.rows == 6);
  CHECK(result.push->rows == 6);
  CHECK(result.push->epoch == 4);
  CHECK(result.push->rate_factor == 0.5f);
  CHECK(!result.push->bare);
  CHECK(result.loss_sum == Approx(LossOf(*model, prepared, prepared.values)));
  CHECK(result.extra_weight == (with_weights ? 9 : 0));
  REQUIRE(result.push->tables.size() == model->tables().size());
  // Of squares, gradients are those of labels that vary by 1.
  const double unit = loss == kSquaredLoss ? 9 : 1;
  size_t wrong = 0, checked = 0;
  for (size_t table = 0; table < prepared.values.size(); ++table) {
    CHECK(result.push->tables[table].cut == (*prepared.batch->pull())[table]);
    const std::vector<float>& gradient = result.push->tables[table].values;
    REQUIRE(gradient.size() == prepared.values[table].size());
    for (size_t i = 0; i < gradient.size(); ++i) {
      Values moved = prepared.values;
      moved[table][i] += 0x1p-9f;
      const double above = LossOf(*model, prepared, moved);
      moved[table][i] -= 0x1p-8f;
      const double slope = (above - LossOf(*model, prepared, moved)) / 0x1p-8 / unit;
      ++checked;
      if (std::fabs(gradient[i] - slope) > 2e-3 * (1 + std::fabs(slope))) ++wrong;
    }
  }
  CHECK(checked > 50);
  CHECK(wrong <= checked / 50);  // Where a ReLU switches in between.
}

TEST_CASE("mlp: dense and sparse inputs are the same network") {
  const auto dense = MakeModel(Settings(kSoftmaxLoss, 7)).value();
  const auto sparse = MakeModel(Settings(kSoftmaxLoss, 0)).value();
  Prepared a(*dense, SixRows(false));
  Prepared b(*sparse, SixRows(false));
  // weights_1 of the one, row by row of the other.
  const KeyCut& rows = *(*b.batch->pull())[0];
  const RowBatch& batch = sparse->Rows(*b.batch);
  const KeyCut& blocks = *(*a.batch->pull())[0];
  const size_t size = size_t{blocks.unique()} * blocks.width;
  std::vector<float> weights(size);
  for (size_t block = 0; block < blocks.unique(); ++block) {
    std::copy_n(a.values[0].begin() + static_cast<ptrdiff_t>(blocks.inverse[block] * blocks.width),
                blocks.width, weights.begin() + static_cast<ptrdiff_t>(block * blocks.width));
  }
  for (size_t i = 0; i < batch.keys.size(); ++i) {
    std::copy_n(weights.begin() + static_cast<ptrdiff_t>(batch.keys[i] * 5), 5,
                b.values[0].begin() + static_cast<ptrdiff_t>(rows.inverse[i] * 5));
  }
  for (size_t table = 1; table < a.values.size(); ++table) b.values[table] = a.values[table];
  const std::vector<float> by_dense = dense->Score(*a.batch, a.values);
  const std::vector<float> by_sparse = sparse->Score(*b.batch, b.values);
  for (size_t i = 0; i < by_dense.size(); ++i) {
    CHECK(by_sparse[i] == Approx(by_dense[i]).margin(1e-6));
  }
}

TEST_CASE("mlp: tables by the settings") {
  ModelSettings settings = Settings(kLogisticLoss, 0);
  settings.base_rate = 0.2f;
  settings.l2 = 3;
  settings.retention.admit_count = 2;
  const auto sparse = MakeModel(settings).value();
  REQUIRE(sparse->tables().size() == 6);
  const TableSpec& first = sparse->tables()[0];
  CHECK(first.name == "weights_1");
  CHECK(first.kind == TableSpec::Kind::kSparse);
  CHECK(first.width() == 5);
  CHECK(first.parts[0].optimizer.name == "adagrad");
  CHECK(first.parts[0].optimizer.learning_rate == 0.2f);
  CHECK(first.parts[0].optimizer.l2 == 3);
  CHECK(first.reduction == TableSpec::Reduction::kSum);
  CHECK(first.parts[0].initializer.scale == 0.1f);
  CHECK(first.retention.admit_count == 2);
  CHECK(sparse->tables()[1].name == "bias_1");
  CHECK(sparse->tables()[1].parts[0].optimizer.name == "adam");
  CHECK(sparse->tables()[2].name == "weights_2");
  CHECK(sparse->tables()[2].parts[0].optimizer.l2 == 0);
  CHECK(sparse->tables()[5].name == "bias_3");
  CHECK(sparse->tables()[5].parts[0].initializer.scale == Approx(std::log(0.25)));
  CHECK(sparse->scores_per_row() == 1);
  const auto dense = MakeModel(Settings(kSoftmaxLoss, 7)).value();
  REQUIRE(dense->tables().size() == 6);
  CHECK(dense->tables()[0].name == "weights_1");
  CHECK(dense->tables()[0].dense_size == 35);
  CHECK(dense->scores_per_row() == 4);
  CHECK(dense->score_kind() == ScoreKind::kClasses);
}

TEST_CASE("mlp: a batch without rows, and one whose gradient is not finite") {
  for (const uint32_t inputs : {0u, 7u}) {
    const auto model = MakeModel(Settings(kLogisticLoss, inputs)).value();
    Prepared none(*model, RowBatch{});
    CHECK(model->Score(*none.batch, none.values).empty());
    const StepResult nothing = model->Compute(*none.batch, none.values, 0, 1);
    CHECK(nothing.rows == 0);
    CHECK(nothing.push->tables.empty());
    Prepared bad(*model, SixRows(false));
    bad.values.back()[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK(model->Compute(*bad.batch, bad.values, 0, 1).push->bare);
  }
}

TEST_CASE("mlp: settings that make no sense are refused") {
  const auto error = [](const ModelSettings& settings) {
    return std::string(MessageOf(MakeModel(settings).status()));
  };
  ModelSettings settings = Settings(kSquaredLoss, 0);
  settings.label_scale = 0;
  CHECK_THAT(error(settings), Catch::Contains("deviation 0"));
  settings = Settings(kLogisticLoss, 0);
  settings.base_rate = 1;
  CHECK_THAT(error(settings), Catch::Contains("base rate"));
  settings = Settings(kLogisticLoss, 7);
  settings.retention.admit_count = 2;
  CHECK_THAT(error(settings), Catch::Contains("these inputs are dense"));
  settings = Settings(kLogisticLoss, 7);
  settings.hidden = "";
  CHECK_THAT(error(settings), Catch::Contains("--hidden"));
}

}  // namespace
}  // namespace cairn
