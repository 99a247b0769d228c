#include "train/linear_model.h"

#include <catch2/catch.hpp>
#include <limits>

namespace cairn {
namespace {

// Changes every number by what it was told.
class Told final : public LinearModel {
 public:
  explicit Told(float change) : LinearModel({.name = "f"}, BiasSpec()), change_(change) {}
  std::vector<float> Score(const PreparedBatch& batch,
                           const std::vector<std::vector<float>>&) const override {
    return std::vector<float>(Rows(batch).rows());
  }

 private:
  static TableSpec BiasSpec() {
    TableSpec bias;
    bias.name = "b";
    bias.kind = TableSpec::Kind::kDense;
    bias.dense_size = 1;
    return bias;
  }
  Change Learn(const LinearPrepared& batch, const std::vector<std::vector<float>>& values,
               uint64_t epoch, float rate_factor) const override {
    return {values[kBias][0] + static_cast<float>(epoch) * rate_factor,
            std::vector<float>(batch.features()->unique(), change_),
            {2}};
  }
  const float change_;
};

RowBatch TwoRows() {
  RowBatch rows;
  rows.AddFeature(7, 1);
  rows.AddFeature(9, 3);
  rows.AddRow(1, 1);
  rows.AddFeature(7, 1);
  rows.AddRow(0, 0.5f);
  return rows;
}

TEST_CASE("Linear models: a batch pulls and pushes its distinct features and the bias") {
  const Told model(0.25f);
  KeyCutter cutter(4);
  const auto batch = model.Prepare(TwoRows(), &cutter);
  const PullPayload& pull = *batch->pull();
  REQUIRE(pull.size() == 2);
  CHECK(pull[0]->unique() == 2);
  CHECK(pull[1]->unique() == 1);
  CHECK(model.Rows(*batch) == TwoRows());
  const StepResult result = model.Compute(*batch, {{0, 0}, {8}}, 3, 0.5f);
  CHECK(result.rows == 2);
  CHECK(result.loss_sum == 9.5);
  CHECK(result.extra_weight == -0.5);
  CHECK(result.push->rows == 2);
  CHECK(result.push->epoch == 3);
  CHECK(result.push->rate_factor == 0.5f);
  CHECK_FALSE(result.push->bare);
  REQUIRE(result.push->tables.size() == 2);
  CHECK(result.push->tables[0].cut == pull[0]);
  CHECK(result.push->tables[0].values == std::vector<float>{0.25f, 0.25f});
  CHECK(result.push->tables[1].values == std::vector<float>{2});
}

TEST_CASE("Linear models: what is not finite is not pushed, and no rows push nothing") {
  const Told model(std::numeric_limits<float>::infinity());
  KeyCutter cutter(4);
  CHECK(model.Compute(*model.Prepare(TwoRows(), &cutter), {{0, 0}, {8}}, 0, 1).push->bare);
  const auto empty = model.Prepare({}, &cutter);
  const StepResult result = model.Compute(*empty, {{}, {}}, 0, 1);
  CHECK(result.rows == 0);
  CHECK(result.push->tables.empty());
}

TEST_CASE("Linear models: who says nothing of factors has no steps on a device") {
  const Told model(0.25f);
  KeyCutter cutter(4);
  const auto batch = model.Prepare(TwoRows(), &cutter);
  CHECK(model.ComputeOn(*batch, {{0, 0}, {8}}, 3, 0.5f, nullptr).status().code() ==
        absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace cairn
