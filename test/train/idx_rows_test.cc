#include "train/idx_rows.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

namespace cairn {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kRows = "\0\xFF\0\x33\x07\0\0\0\x01\0\0\x01"sv;  // Labels 0, 7, 1.

TEST_CASE("ParseIdxRows: pixels that are not 0 become features") {
  RowBatch rows;
  const ParseResult result = ParseIdxRows(LabelReader({}, LabelKind::kAny), 4, kRows, &rows);
  CHECK(result.bad_rows == 0);
  CHECK(rows.labels == std::vector<float>{0, 7, 1});
  CHECK(rows.offsets == std::vector<uint32_t>{0, 2, 2, 3});
  CHECK(rows.keys == std::vector<Key>{0, 2, 2});
  CHECK(rows.values == std::vector<float>{1.0f, 0.2f, 1 / 255.0f});
  CHECK(rows.fields.empty());
}

TEST_CASE("ParseIdxRows: with two classes, another label makes a bad row") {
  RowBatch rows;
  for (uint64_t times = 1; times <= 2; ++times) {
    const ParseResult result = ParseIdxRows(LabelReader({}, LabelKind::kBinary), 4, kRows, &rows);
    CHECK(result.bad_rows == 1);
    REQUIRE(result.first_bad_row);
    CHECK(result.first_bad_row->offset == 4);
    CHECK(result.first_bad_row->what ==
          "label of two classes must be 0 or 1, or -1 or +1, not \"7\"");
    CHECK(rows.rows() == 2 * times);
    CHECK(rows.bad_rows == times);
  }
  CHECK(rows.labels == std::vector<float>{0, 1, 0, 1});
}

TEST_CASE("ParseIdxRows: a rule makes two classes of many") {
  RowBatch rows;
  const LabelReader above(ParseLabelRule("label>4").value(), LabelKind::kBinary);
  CHECK(ParseIdxRows(above, 4, kRows, &rows).bad_rows == 0);
  CHECK(rows.labels == std::vector<float>{0, 1, 0});
}

TEST_CASE("ParseIdxRows: no rows") {
  RowBatch rows;
  CHECK_FALSE(ParseIdxRows(LabelReader({}, LabelKind::kAny), 785, "", &rows).first_bad_row);
  CHECK(rows.rows() == 0);
}

}  // namespace
}  // namespace cairn
