#include "server/row_index.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

constexpr uint64_t kLargest = ~uint64_t{0};

// How the ids of a random run are drawn.
enum class Spread { kEven, kClustered, kAtTheEnd };

// A random id of the partition whose ids begin with `prefix` (`shared_bits` bits).
uint64_t DrawId(Spread spread, uint64_t hash, int shared_bits, uint64_t prefix) {
  const uint64_t top = shared_bits == 0 ? 0 : prefix << (64 - shared_bits);
  const uint64_t rest = shared_bits == 0 ? kLargest : kLargest >> shared_bits;
  switch (spread) {
    case Spread::kEven:
      return top | ((hash % 4000) * 0x9E3779B97F4A7C15u & rest);
    case Spread::kClustered:
      return top | (hash % 500);
    case Spread::kAtTheEnd:
      return top | (rest - hash % 500);
  }
  return 0;
}

std::vector<uint64_t> All(const RowIndex& index) {
  std::vector<uint64_t> ids;
  index.IdsInRange(0, kLargest, SIZE_MAX, &ids);
  return ids;
}

TEST_CASE("RowIndex behaves as an ordered map under random operations", "[row_index]") {
  const Spread spread = GENERATE(Spread::kEven, Spread::kClustered, Spread::kAtTheEnd);
  const int shared_bits = GENERATE(0, 3, 16);
  const uint64_t prefix = shared_bits == 0 ? 0 : (uint64_t{1} << shared_bits) - 2;
  CAPTURE(static_cast<int>(spread), shared_bits);
  RowIndex index(shared_bits);
  std::map<uint64_t, uint32_t> model;
  for (uint64_t op = 0; op < 20'000; ++op) {
    const uint64_t hash = HashWords(shared_bits, static_cast<uint64_t>(spread), op);
    const uint64_t id = DrawId(spread, Mix64(hash), shared_bits, prefix);
    const auto found = model.find(id);
    const uint32_t expected = found == model.end() ? 0 : found->second;
    if (hash % 8 < 4) {
      uint32_t* position = index.FindOrAdd(id);
      REQUIRE(*position == expected);
      *position = model[id] = static_cast<uint32_t>(op + 1);
    } else if (hash % 8 < 7) {
      REQUIRE(index.Erase(id) == expected);
      model.erase(id);
    } else {
      REQUIRE(index.Find(id) == expected);
    }
    REQUIRE(index.size() == model.size());
  }
  for (const auto& [id, position] : model) REQUIRE(index.Find(id) == position);
  std::vector<uint64_t> ascending;
  for (const auto& [id, position] : model) ascending.push_back(id);
  if (shared_bits == 0) CHECK(All(index) == ascending);
  REQUIRE(model.size() > 50);
  const uint64_t first = ascending[ascending.size() / 4], last = ascending[ascending.size() / 2];
  std::vector<uint64_t> range, expected;
  for (auto it = model.lower_bound(first); it != model.upper_bound(last); ++it) {
    expected.push_back(it->first);
  }
  index.IdsInRange(first, last, SIZE_MAX, &range);
  CHECK(range == expected);
}

TEST_CASE("RowIndex takes the smallest and the largest id", "[row_index]") {
  RowIndex index(0);
  CHECK(index.Find(0) == 0);
  CHECK(index.Find(kLargest) == 0);
  *index.FindOrAdd(kLargest) = 7;
  *index.FindOrAdd(0) = 9;
  CHECK(index.Find(0) == 9);
  CHECK(index.Find(kLargest) == 7);
  CHECK(All(index) == std::vector<uint64_t>{0, kLargest});
  CHECK(index.Erase(0) == 9);
  CHECK(index.Erase(0) == 0);
  CHECK(index.Find(0) == 0);
  CHECK(All(index) == std::vector<uint64_t>{kLargest});
}

TEST_CASE("A scan in slices sees every lasting id once, in order, while the index grows",
          "[row_index]") {
  RowIndex index(0);
  std::vector<uint64_t> lasting;
  for (uint64_t i = 0; i < 1000; ++i) *index.FindOrAdd(Mix64(i)) = 1;
  lasting = All(index);
  std::vector<uint64_t> seen;
  uint64_t next = 0, more = 1000;
  while (true) {
    std::vector<uint64_t> slice;
    index.IdsInRange(next, kLargest, 7, &slice);
    if (slice.empty()) break;
    seen.insert(seen.end(), slice.begin(), slice.end());
    next = slice.back() + 1;
    for (int i = 0; i < 30; ++i, ++more) *index.FindOrAdd(Mix64(more)) = 1;  // Forces growth.
    index.Erase(Mix64(more - 1));
  }
  CHECK(index.size() > 4000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  CHECK(std::includes(seen.begin(), seen.end(), lasting.begin(), lasting.end()));
}

TEST_CASE("RowIndex starts small and keeps its load", "[row_index]") {
  RowIndex index(0);
  CHECK(index.bytes() <= 512);
  for (uint64_t i = 0; i < 100'000; ++i) *index.FindOrAdd(Mix64(i)) = 1;
  CHECK(index.bytes() / index.size() < 2.7 * 16);
  CHECK(index.bytes() / index.size() >= 16);
}

}  // namespace
}  // namespace cairn
