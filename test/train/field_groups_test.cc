#include "train/field_groups.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

RowBatch RowsOf(const std::vector<std::vector<Key>>& features) {
  RowBatch rows;
  for (const std::vector<Key>& row : features) {
    for (const Key key : row) rows.AddFeature(key, 1);
    rows.AddRow(1, 1);
  }
  return rows;
}

std::string ErrorOf(const std::vector<std::vector<Key>>& features) {
  const auto starts = FindFields(RowsOf(features));
  REQUIRE(starts.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(starts.status()));
}

TEST_CASE("Fields: one-hot columns side by side are one each", "[field_groups]") {
  // 1 .. 3, 4 .. 5, 6 .. 9; the last row lacks the second one, and order in a row is free.
  const auto starts = FindFields(RowsOf({{1, 4, 6}, {9, 2, 5}, {3, 4, 7}, {}, {1, 5, 8}, {2, 9}}));
  CHECK(starts.value() == std::vector<Key>{0, 4, 6});
}

TEST_CASE("Fields: numbers that rows have together are one each", "[field_groups]") {
  CHECK(FindFields(RowsOf({{7, 8, 9}, {7, 8, 9}})).value() == std::vector<Key>{0, 8, 9});
  CHECK(FindFields(RowsOf({{7, 7}, {8}})).value() == std::vector<Key>{0});
  CHECK(FindFields(RowsOf({{0}, {}, {~Key{0}}})).value() == std::vector<Key>{0});
}

TEST_CASE("Fields: indices that are no such columns are refused", "[field_groups]") {
  CHECK(ErrorOf({}) == "no row has features");
  CHECK(ErrorOf({{}, {}}) == "no row has features");
  // Pairs of words: each one comes with its neighbour.
  CHECK(ErrorOf({{1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}}) ==
        "neighbouring indices are no fields: there would be 6 of them, and no row has more than 2 "
        "features");
  std::vector<Key> numbers;
  for (Key i = 0; i < kFoundFieldsMax; ++i) numbers.push_back(3 * i);
  CHECK(FindFields(RowsOf({numbers})).value() == numbers);
  numbers.push_back(1);
  CHECK(ErrorOf({numbers}).starts_with("neighbouring indices are no fields: there would be 1,025"));
}

TEST_CASE("Fields: every index has one", "[field_groups]") {
  const std::vector<Key> starts = {0, 4, 6};
  const std::vector<uint16_t> fields = {0, 0, 1, 1, 2, 2};
  const std::vector<Key> indices = {0, 3, 4, 5, 6, ~Key{0}};
  for (size_t i = 0; i < indices.size(); ++i) CHECK(FieldOf(starts, indices[i]) == fields[i]);
  CHECK(FieldOf(std::vector<Key>{0}, 99) == 0);
}

}  // namespace
}  // namespace cairn
