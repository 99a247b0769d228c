#include "server/row_slab.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("Rows stay where they are while the slab grows, and do not overlap", "[row_slab]") {
  constexpr uint32_t kWords = 3;
  RowSlab slab(kWords);
  std::map<uint32_t, float*> rows;
  for (uint32_t i = 1; i <= 5000; ++i) {
    REQUIRE(slab.Allocate() == i);
    rows[i] = slab.Row(i);
    std::fill_n(rows[i], kWords, static_cast<float>(i));
  }
  for (const auto& [position, row] : rows) {
    REQUIRE(slab.Row(position) == row);
    for (uint32_t k = 0; k < kWords; ++k) REQUIRE(row[k] == static_cast<float>(position));
  }
}

TEST_CASE("Freed positions are used again before new ones", "[row_slab]") {
  RowSlab slab(1);
  for (int i = 0; i < 10; ++i) slab.Allocate();
  slab.Free(3);
  slab.Free(7);
  CHECK(slab.Allocate() == 7);
  CHECK(slab.Allocate() == 3);
  CHECK(slab.Allocate() == 11);
}

TEST_CASE("An empty slab holds nothing; a full one at most twice what it needs", "[row_slab]") {
  RowSlab slab(4);
  CHECK(slab.bytes() == 0);
  for (int i = 0; i < 10'000; ++i) slab.Allocate();
  CHECK(slab.bytes() >= 10'000 * 16);
  CHECK(slab.bytes() <= 2 * 10'000 * 16 + 256);
}

}  // namespace
}  // namespace cairn
