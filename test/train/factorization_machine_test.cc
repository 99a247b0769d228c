#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/status.h"
#include "train/model.h"

namespace cairn {
namespace {

ModelSettings Settings() {
  ModelSettings settings;
  settings.model = "fm";
  settings.dim = 2;
  settings.l2 = 3;
  settings.vector_l2 = 5;
  settings.vector_learning_rate = 0.5f;
  settings.base_rate = 0.2f;
  return settings;
}

// y = 1 {3: 1, 5: 2}, y = 0 {5: 1, 7: 1}.
RowBatch TwoRows() {
  RowBatch rows;
  rows.labels = {1, 0};
  rows.offsets = {0, 2, 4};
  rows.keys = {3, 5, 5, 7};
  rows.values = {1, 2, 1, 1};
  return rows;
}

TEST_CASE("Factorization machine: a row has two parts, each with its own optimizer") {
  ModelSettings settings = Settings();
  settings.retention.admit_count = 2;
  const auto model = MakeModel(settings).value();
  REQUIRE(model->tables().size() == 2);
  const TableSpec& features = model->tables()[0];
  CHECK(features.name == "weights");
  REQUIRE(features.parts.size() == 2);
  CHECK(features.width() == 3);
  CHECK(features.parts[0].optimizer.name == "adagrad");
  CHECK(features.parts[0].optimizer.l2 == 3);
  CHECK(features.parts[0].initializer == InitializerSpec{});
  CHECK(features.parts[1].optimizer.name == "rowwise_adagrad");
  CHECK(features.parts[1].optimizer.l2 == 5);
  CHECK(features.parts[1].optimizer.learning_rate == 0.5f);
  CHECK(features.parts[1].initializer ==
        InitializerSpec{InitializerSpec::Kind::kNormal, settings.init_scale});
  CHECK(features.retention == settings.retention);
  const TableSpec& bias = model->tables()[1];
  CHECK(bias.name == "bias");
  CHECK(bias.parts[0].optimizer.l2 == 0);
  CHECK(bias.parts[0].initializer.scale == Approx(std::log(0.25)));
}

TEST_CASE("Factorization machine: gradients are those of the loss") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const KeyCut& cut = *(*batch->pull())[0];
  REQUIRE(cut.unique() == 3);
  std::vector<float> rows = {0.5f, 0.25f, -1, -0.5f, 0.75f, 0.5f, 0.125f, -0.25f, 1};
  const auto loss = [&](const std::vector<float>& of, float bias) {
    const std::vector<float> margins = model->Score(*batch, {of, {bias}});
    return std::log1p(std::exp(-double{margins[0]})) + std::log1p(std::exp(double{margins[1]}));
  };
  const StepResult result = model->Compute(*batch, {rows, {0.25f}}, 6, 0.5f);
  CHECK(result.rows == 2);
  CHECK(result.push->epoch == 6);
  CHECK(result.push->rate_factor == 0.5f);
  CHECK(!result.push->bare);
  CHECK(result.loss_sum == Approx(loss(rows, 0.25f)));
  REQUIRE(result.push->tables.size() == 2);
  const std::vector<float>& gradients = result.push->tables[0].values;
  REQUIRE(gradients.size() == rows.size());
  const float h = 1.0f / 1024;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<float> above = rows, below = rows;
    above[i] += h;
    below[i] -= h;
    CHECK(gradients[i] ==
          Approx((loss(above, 0.25f) - loss(below, 0.25f)) / (2 * double{h})).margin(1e-3));
  }
  CHECK(result.push->tables[1].values[0] ==
        Approx((loss(rows, 0.25f + h) - loss(rows, 0.25f - h)) / (2 * double{h})).margin(1e-3));
}

TEST_CASE("Factorization machine: scores are margins, and unknown features add nothing") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const uint32_t seven = (*batch->pull())[0]->inverse[3];
  std::vector<float> rows = {1, 2, 3, 1, 2, 3, 1, 2, 3};
  std::fill_n(rows.begin() + 3 * seven, 3, 0.0f);
  // 1 + 2 + 2 <(2, 3), (2, 3)>, and the weight of 5 alone.
  CHECK(model->Score(*batch, {rows, {0.5f}}) == std::vector<float>{29.5f, 1.5f});
}

TEST_CASE("Factorization machine: no rows, and gradients that are not finite") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto empty = model->Prepare({}, &cutter);
  CHECK(model->Score(*empty, {{}, {}}).empty());
  CHECK(model->Compute(*empty, {{}, {}}, 0, 1).push->tables.empty());
  const auto batch = model->Prepare(TwoRows(), &cutter);
  std::vector<float> rows(9);
  rows[1] = std::numeric_limits<float>::infinity();
  CHECK(model->Compute(*batch, {rows, {0}}, 0, 1).push->bare);
}

TEST_CASE("Factorization machine: settings that make no sense are refused") {
  const auto complaint = [](const auto& change) {
    ModelSettings settings = Settings();
    change(&settings);
    const absl::Status status = MakeModel(settings).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(MessageOf(status));
  };
  CHECK(complaint([](ModelSettings* s) { s->dim = 0; }) == "--dim 0: 1 to 1024");
  CHECK(complaint([](ModelSettings* s) { s->dim = 1025; }) == "--dim 1025: 1 to 1024");
  CHECK(complaint([](ModelSettings* s) { s->update = kSequentialUpdate; }) ==
        "--update sequential: factorization machines know gradient only");
  CHECK(complaint([](ModelSettings* s) { s->init_scale = 0; }) ==
        "--init-scale 0: above 0, since vectors that all start at 0 never learn");
  CHECK(complaint([](ModelSettings* s) { s->base_rate = 1; }).starts_with("base rate 1"));
}

}  // namespace
}  // namespace cairn
