#include "server/row_count.h"

#include <catch2/catch.hpp>

#include "base/hash.h"

namespace cairn {
namespace {

TEST_CASE("Small counts are exact", "[row_count]") {
  RowCount count = RowCount::Never();
  for (uint32_t seen = 0; seen < 16; ++seen) {
    CHECK(count.seen() == seen);
    CHECK(count == RowCount::Near(seen, false));
    count = count.Plus(1, Mix64(seen));
  }
}

TEST_CASE("Counts ascend with their bytes, a quarter apart at most", "[row_count]") {
  uint32_t before = 0;
  for (uint8_t byte = 2; RowCount::FromByte(byte).seen() < RowCount::kSeenMost; ++byte) {
    const uint32_t seen = RowCount::FromByte(byte).seen();
    REQUIRE(seen > before);
    if (seen > 15) REQUIRE(4 * (seen - before) <= seen);
    REQUIRE(RowCount::Near(seen, false).byte() == byte);
    REQUIRE(RowCount::Near(seen, true) == RowCount::FromByte(byte | 0x80));
    REQUIRE(RowCount::Near(seen, true).seen() == seen);
    before = seen;
  }
}

TEST_CASE("Near rounds to the nearest, down in the middle", "[row_count]") {
  CHECK(RowCount::Near(17, false).seen() == 16);
  CHECK(RowCount::Near(18, false).seen() == 16);
  CHECK(RowCount::Near(19, false).seen() == 20);
  CHECK(RowCount::Near(~0u, false).seen() == RowCount::kSeenMost);
}

TEST_CASE("Sums of ones are right in the mean", "[row_count]") {
  for (const uint32_t times : {20u, 100u, 1000u}) {
    double sum = 0;
    constexpr uint32_t kRows = 2000;
    for (uint32_t row = 0; row < kRows; ++row) {
      RowCount count = RowCount::Never(row % 2 == 0);
      for (uint32_t i = 0; i < times; ++i) count = count.Plus(1, HashWords(row, i));
      CHECK(count.is_late() == (row % 2 == 0));
      sum += count.seen();
    }
    CHECK(sum / kRows == Approx(times).epsilon(0.02));
  }
}

TEST_CASE("Large sums stop at the largest count", "[row_count]") {
  const RowCount most = RowCount::Never().Plus(~0u, 1);
  CHECK(most.seen() == RowCount::kSeenMost);
  CHECK(most.Plus(~0u, 2) == most);
  CHECK(RowCount::Near(RowCount::kSeenMost - 1, false).Plus(5, 3).seen() <= RowCount::kSeenMost);
}

}  // namespace
}  // namespace cairn
