#include <catch2/catch.hpp>
#include <map>

#include "train/models.h"

namespace cairn {
namespace {

// Keys 3, 5 | 5, 3, 5.
RowBatch TwoRows() {
  RowBatch rows;
  rows.labels = {1, 0};
  rows.offsets = {0, 2, 5};
  rows.keys = {3, 5, 5, 3, 5};
  rows.values = {1, 2, 1, 1, 1};
  return rows;
}

TEST_CASE("Count model: a step pushes how often each feature occurred, whatever its value") {
  const auto model = MakeCountModel();
  REQUIRE(model->tables().size() == 1);
  CHECK(model->tables()[0].parts[0].optimizer.name == "sum");
  KeyCutter cutter(4);
  const auto batch = model->Prepare(TwoRows(), &cutter);
  const StepResult result = model->Compute(*batch, {{7, 7}}, 2, 0.5f);
  CHECK(result.rows == 2);
  CHECK(result.loss_sum == 0);
  CHECK(result.push->rows == 2);
  CHECK(result.push->epoch == 2);
  REQUIRE(result.push->tables.size() == 1);
  const TablePush& pushed = result.push->tables[0];
  const std::vector<uint32_t>& inverse = pushed.cut->inverse;
  CHECK(pushed.values.size() == 2);
  CHECK(pushed.values[inverse[0]] == 2);  // Key 3.
  CHECK(pushed.values[inverse[1]] == 3);  // Key 5.
}

TEST_CASE("Count model: an empty batch pushes the bare step, and scores are 0") {
  const auto model = MakeCountModel();
  KeyCutter cutter(4);
  const auto empty = model->Prepare(RowBatch{}, &cutter);
  CHECK(model->Compute(*empty, {{}}, 0, 1).push->tables.empty());
  const auto batch = model->Prepare(TwoRows(), &cutter);
  CHECK(model->Score(*batch, {{1, 1}}) == std::vector<float>{0, 0});
  CHECK(model->Rows(*batch).labels == std::vector<float>{1, 0});
}

}  // namespace
}  // namespace cairn
