#include "sharding/merge.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <vector>

namespace cairn {
namespace {

TableSpec TwoParts() {
  const PartSpec added{.width = 2, .optimizer = {.name = "adagrad"}};
  const PartSpec assigned{.width = 1, .optimizer = {.name = "assign"}};
  return {.name = "t", .parts = {added, assigned}};
}

std::shared_ptr<const KeyCut> Cut(const TableSpec& spec, const std::vector<Key>& keys) {
  return KeyCutter(4).Cut(LayoutOf(spec, 0), keys);
}

TEST_CASE("MergeRow adds gradients up, and of what is assigned the later one holds") {
  const float from[] = {1, 2, 3};
  float into[] = {10, 20, 30};
  MergeRow(TwoParts(), from, into);
  CHECK(std::vector<float>(into, into + 3) == std::vector<float>{11, 22, 3});
}

TEST_CASE("CoalesceRows merges repeated keys in the order of the rows") {
  const TableSpec spec = TwoParts();
  const auto cut = Cut(spec, {7, 9, 7});
  const std::vector<float> values =
      CoalesceRows(spec, *cut, std::vector<float>{1, 2, 3, 4, 5, 6, 10, 20, 30});
  REQUIRE(values.size() == 2 * 3);
  const size_t seven = cut->inverse[0], nine = cut->inverse[1];
  CHECK(std::vector<float>(&values[seven * 3], &values[seven * 3] + 3) ==
        std::vector<float>{11, 22, 30});
  CHECK(std::vector<float>(&values[nine * 3], &values[nine * 3] + 3) ==
        std::vector<float>{4, 5, 6});
}

TEST_CASE("CoalesceRows keeps the bits of a key that comes once") {
  TableSpec spec = TwoParts();
  // Added to 0, -0 would come out as 0.
  const std::vector<float> values =
      CoalesceRows(spec, *Cut(spec, {7}), std::vector<float>{-0.0f, 1, 2});
  CHECK(std::signbit(values[0]));
}

TEST_CASE("ScatterRows gives every key its row, repeated ones too") {
  const TableSpec spec = TwoParts();
  const std::vector<Key> keys = {7, 9, 7, 1};
  const auto cut = Cut(spec, keys);
  std::vector<float> values(cut->unique() * 3);
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t f = 0; f < 3; ++f) {
      values[cut->inverse[i] * 3 + f] = static_cast<float>(keys[i] * 10 + f);
    }
  }
  std::vector<float> rows(keys.size() * 3);
  ScatterRows(*cut, values, rows);
  CHECK(rows == std::vector<float>{70, 71, 72, 90, 91, 92, 70, 71, 72, 10, 11, 12});
}

TEST_CASE("No keys, no rows") {
  const TableSpec spec = TwoParts();
  const auto cut = Cut(spec, {});
  CHECK(CoalesceRows(spec, *cut, {}).empty());
  ScatterRows(*cut, {}, {});
}

}  // namespace
}  // namespace cairn
