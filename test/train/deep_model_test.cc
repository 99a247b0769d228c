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

constexpr uint32_t kFields = 3;

ModelSettings Settings(const std::string& model, const std::string& loss = kLogisticLoss) {
  ModelSettings settings;
  settings.model = model;
  settings.optimizer = "adam";
  settings.learning_rate = 0.001f;
  settings.hidden = "5,3";
  settings.loss = loss;
  settings.label_mean = loss == kSquaredLoss ? 2.0f : 0;
  settings.label_scale = loss == kSquaredLoss ? 3.0f : 1;
  settings.dim = 2;
  settings.fields = kFields;
  settings.l2 = 3;
  settings.vector_l2 = 5;
  settings.vector_learning_rate = 0.25f;
  settings.base_rate = 0.2f;
  return settings;
}

// Six rows over features 0 .. 6, the last row without any.
RowBatch SixRows(bool with_weights, bool with_fields = true) {
  RowBatch rows;
  for (uint64_t row = 0; row < 6; ++row) {
    for (uint64_t i = 0; i < (row == 5 ? 0 : 4); ++i) {
      const Key key = HashWords(row, i) % 7;
      rows.AddFeature(key, static_cast<float>(UnitInterval(HashWords(row, i, 1)) - 0.5));
      if (with_fields) rows.fields.push_back(static_cast<uint16_t>(HashWords(row, i, 2) % kFields));
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
  REQUIRE(scores.size() == rows.rows());
  double loss = 0;
  for (size_t row = 0; row < rows.rows(); ++row) {
    const float score = scores[row], label = rows.labels[row];
    const bool is_margin = model.score_kind() == ScoreKind::kMargin;
    loss += rows.weight(row) *
            (is_margin ? LogisticLoss(score, label) : std::pow(double{score} - label, 2));
  }
  return loss;
}

TEST_CASE("Deep models: gradients are the slopes of the loss, of every table") {
  const std::string name = GENERATE("wide_deep", "deepfm");
  const std::string loss = GENERATE(kLogisticLoss, kSquaredLoss);
  const bool with_weights = GENERATE(false, true), with_fields = GENERATE(true, false);
  const auto model = MakeModel(Settings(name, loss)).value();
  Prepared prepared(*model, SixRows(with_weights, with_fields));
  CAPTURE(name, loss, with_weights, with_fields);
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

// A network that gives 0 leaves what is beside it: the models of which it is made.
TEST_CASE("Deep models: without their network they are those that are beside it") {
  const auto [name, other] = GENERATE(std::pair<std::string, std::string>{"wide_deep", "lr"},
                                      std::pair<std::string, std::string>{"deepfm", "fm"});
  const auto model = MakeModel(Settings(name)).value();
  const auto beside = MakeModel(Settings(other)).value();
  Prepared deep(*model, SixRows(false));
  for (size_t table = 2; table < deep.values.size(); ++table) {
    std::fill(deep.values[table].begin(), deep.values[table].end(), 0.0f);
  }
  Prepared shallow(*beside, SixRows(false));
  shallow.values = {deep.values[0], deep.values[1]};
  if (other == "lr") {
    shallow.values[0].clear();
    for (size_t i = 0; i < deep.values[0].size(); i += 3) {
      shallow.values[0].push_back(deep.values[0][i]);
    }
  }
  CHECK(model->Score(*deep.batch, deep.values) == beside->Score(*shallow.batch, shallow.values));
}

TEST_CASE("Deep models: a field's vectors have inputs of their own") {
  const auto model = MakeModel(Settings("wide_deep")).value();
  RowBatch rows;
  for (uint16_t field = 0; field < kFields; ++field) {
    rows.AddFeature(4, 1);
    rows.fields.push_back(field);
    rows.AddRow(1, 1);
  }
  const Prepared prepared(*model, rows);
  const std::vector<float> scores = model->Score(*prepared.batch, prepared.values);
  CHECK(scores[0] != scores[1]);
  CHECK(scores[1] != scores[2]);
}

TEST_CASE("Deep models: tables by the settings") {
  ModelSettings settings = Settings("deepfm");
  settings.retention.admit_count = 2;
  const auto model = MakeModel(settings).value();
  REQUIRE(model->tables().size() == 8);
  const TableSpec& features = model->tables()[0];
  CHECK(features.name == "weights");
  REQUIRE(features.parts.size() == 2);
  CHECK(features.width() == 3);
  CHECK(features.reduction == TableSpec::Reduction::kSum);
  CHECK(features.parts[0].optimizer.name == "adagrad");
  CHECK(features.parts[0].optimizer.learning_rate == 0.25f);
  CHECK(features.parts[0].optimizer.l2 == 3);
  CHECK(features.parts[1].optimizer.name == "rowwise_adagrad");
  CHECK(features.parts[1].optimizer.learning_rate == 0.25f);
  CHECK(features.parts[1].optimizer.l2 == 5);
  CHECK(features.retention.admit_count == 2);
  const TableSpec& bias = model->tables()[1];
  CHECK(bias.name == "bias");
  CHECK(bias.parts[0].optimizer.name == "adagrad");
  CHECK(bias.parts[0].optimizer.l2 == 0);
  CHECK(bias.parts[0].initializer.scale == Approx(std::log(0.25)));
  const TableSpec& first = model->tables()[2];
  CHECK(first.name == "weights_1");
  CHECK(first.dense_size == kFields * 2 * 5);
  CHECK(first.parts[0].optimizer.name == "adam");
  CHECK(first.parts[0].optimizer.learning_rate == 0.001f);
  CHECK(first.parts[0].optimizer.l2 == 0);
  CHECK(model->tables()[7].name == "bias_3");
  CHECK(model->tables()[7].parts[0].initializer.scale == 0);
  CHECK(model->scores_per_row() == 1);
  CHECK(model->score_kind() == ScoreKind::kMargin);
  const auto numbers = MakeModel(Settings("deepfm", kSquaredLoss)).value();
  CHECK(numbers->score_kind() == ScoreKind::kValue);
  CHECK(numbers->tables()[1].parts[0].initializer.scale == 0);
}

TEST_CASE("Deep models: a batch without rows, and one whose gradient is not finite") {
  const auto model = MakeModel(Settings("deepfm")).value();
  Prepared none(*model, RowBatch{});
  CHECK(model->Score(*none.batch, none.values).empty());
  const StepResult nothing = model->Compute(*none.batch, none.values, 0, 1);
  CHECK(nothing.rows == 0);
  CHECK(nothing.push->tables.empty());
  Prepared bad(*model, SixRows(false));
  bad.values.back()[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(model->Compute(*bad.batch, bad.values, 0, 1).push->bare);
}

TEST_CASE("Deep models: settings that make no sense are refused") {
  const auto complaint = [](const auto& change) {
    ModelSettings settings = Settings("deepfm");
    change(&settings);
    const absl::Status status = MakeModel(settings).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(MessageOf(status));
  };
  CHECK(complaint([](ModelSettings* s) { s->dim = 0; }) == "--dim 0: 1 to 1024");
  CHECK_THAT(complaint([](ModelSettings* s) { s->init_scale = 0; }),
             Catch::StartsWith("--init-scale 0"));
  CHECK_THAT(complaint([](ModelSettings* s) { s->hidden = ""; }), Catch::Contains("--hidden"));
  CHECK_THAT(complaint([](ModelSettings* s) { s->base_rate = 1; }),
             Catch::StartsWith("base rate 1"));
  CHECK_THAT(complaint([](ModelSettings* s) { s->label_scale = 0; }),
             Catch::Contains("deviation 0"));
  CHECK(complaint([](ModelSettings* s) { s->update = kSequentialUpdate; }) ==
        "the model deepfm has no --update sequential");
  CHECK(complaint([](ModelSettings* s) {
          s->loss = kSoftmaxLoss;
          s->classes = 3;
        }) == "the model deepfm has one result: no --loss softmax");
  CHECK_THAT(complaint([](ModelSettings* s) {
               s->fields = 65'536;
               s->dim = 1'024;
               s->hidden = "65536";
             }),
             Catch::Contains("4,398,046,642,177 weights in its layers"));
}

}  // namespace
}  // namespace cairn
