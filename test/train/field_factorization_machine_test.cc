#include <algorithm>
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
  settings.model = "ffm";
  settings.dim = 2;
  settings.fields = 3;
  settings.vector_l2 = 5;
  return settings;
}

// y = 1 {3: 1, 5: 2}, y = 0 {5: 1, 7: 1}; 3 is of field 0, the others are of field 2.
RowBatch TwoRows() {
  RowBatch rows;
  rows.labels = {1, 0};
  rows.offsets = {0, 2, 4};
  rows.keys = {3, 5, 5, 7};
  rows.values = {1, 2, 1, 1};
  rows.fields = {0, 2, 2, 2};
  return rows;
}

constexpr size_t kWidth = 1 + 3 * 2;

TEST_CASE("Field-aware factorization machine: a row has a vector for each field") {
  const auto model = MakeModel(Settings()).value();
  REQUIRE(model->tables().size() == 2);
  const TableSpec& features = model->tables()[0];
  CHECK(features.name == "weights");
  REQUIRE(features.parts.size() == 2);
  CHECK(features.width() == kWidth);
  CHECK(features.parts[1].width == 6);
  CHECK(features.parts[1].optimizer.l2 == 5);
  CHECK(model->tables()[1].name == "bias");
}

TEST_CASE("Field-aware factorization machine: gradients are those of the loss") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  REQUIRE((*batch->pull())[0]->unique() == 3);
  std::vector<float> rows;
  for (size_t i = 0; i < 3 * kWidth; ++i)
    rows.push_back(0.125f * static_cast<float>(i % 11) - 0.5f);
  const auto loss = [&](const std::vector<float>& of, float bias) {
    const std::vector<float> margins = model->Score(*batch, {of, {bias}});
    return std::log1p(std::exp(-double{margins[0]})) + std::log1p(std::exp(double{margins[1]}));
  };
  const StepResult result = model->Compute(*batch, {rows, {0.25f}}, 6, 0.5f);
  CHECK(result.rows == 2);
  CHECK(!result.push->bare);
  CHECK(result.loss_sum == Approx(loss(rows, 0.25f)));
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

TEST_CASE("Field-aware factorization machine: scores are margins, the fields' vectors paired") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const KeyCut& cut = *(*batch->pull())[0];
  std::vector<float> rows(3 * kWidth);
  const auto set = [&](uint32_t feature, size_t field, float first, float second) {
    float* const vector = rows.data() + feature * kWidth + 1 + 2 * field;
    vector[0] = first;
    vector[1] = second;
  };
  set(cut.inverse[0], 2, 3, 4);  // 3, for the field of 5.
  set(cut.inverse[1], 0, 5, 6);  // 5, for the field of 3.
  set(cut.inverse[1], 2, 7, 8);  // 5, for its own.
  set(cut.inverse[3], 2, 1, 2);  // 7, likewise.
  CHECK(model->Score(*batch, {rows, {0.5f}}) == std::vector<float>{0.5f + 2 * 39, 0.5f + 23});
}

TEST_CASE("Field-aware factorization machine: no rows, no features, what is not finite") {
  const auto model = MakeModel(Settings()).value();
  KeyCutter cutter(4);
  const auto empty = model->Prepare({}, &cutter);
  CHECK(model->Score(*empty, {{}, {}}).empty());
  CHECK(model->Compute(*empty, {{}, {}}, 0, 1).push->tables.empty());
  RowBatch bare;
  bare.AddRow(1, 1);
  CHECK(model->Score(*model->Prepare(bare, &cutter), {{}, {0.5f}}) == std::vector<float>{0.5f});
  const auto batch = model->Prepare(TwoRows(), &cutter);
  std::vector<float> rows(3 * kWidth, std::numeric_limits<float>::infinity());
  CHECK(model->Compute(*batch, {rows, {0}}, 0, 1).push->bare);
}

TEST_CASE("Field-aware factorization machine: settings that make no sense are refused") {
  const auto complaint = [](const auto& change) {
    ModelSettings settings = Settings();
    change(&settings);
    const absl::Status status = MakeModel(settings).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(MessageOf(status));
  };
  CHECK(complaint([](ModelSettings* s) { s->fields = 0; }) ==
        "--model ffm needs fields, and there are none");
  CHECK(complaint([](ModelSettings* s) { s->fields = ~0u; }).starts_with("--dim 2 for each of"));
  CHECK(complaint([](ModelSettings* s) { s->dim = 21'846; }) == "--dim 21846: 1 to 1024");
  CHECK(complaint([](ModelSettings* s) {
          s->fields = 64;
          s->dim = 1024;
        }) ==
        "--dim 1024 for each of 64 fields makes 65,537 numbers for a feature, at most 65,536: take "
        "a smaller --dim, or number the fields from 0 without gaps");
  CHECK(complaint([](ModelSettings* s) { s->update = kSequentialUpdate; }) ==
        "--update sequential: factorization machines know gradient only");
  CHECK(complaint([](ModelSettings* s) { s->init_scale = 0; }).starts_with("--init-scale 0"));
}

}  // namespace
}  // namespace cairn
