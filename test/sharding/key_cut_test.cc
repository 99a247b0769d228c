#include "sharding/key_cut.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <vector>

#include "base/random.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();

PartSpec PartOf(uint32_t width) {
  PartSpec part;
  part.width = width;
  return part;
}

TableLayout Sparse() {
  TableSpec table;
  table.name = "w";
  table.parts = {PartOf(1), PartOf(4)};
  return LayoutOf(table, 3);
}

TableLayout Dense(uint64_t floats) {
  TableSpec table;
  table.name = "layer";
  table.kind = TableSpec::Kind::kDense;
  table.parts = {PartOf(16)};
  table.dense_size = floats;
  return LayoutOf(table, 1);
}

uint64_t IdOf(const TableLayout& layout, Key key) {
  return layout.kind == TableSpec::Kind::kSparse ? SparseId(key, layout.salt) : key;
}

uint32_t PartitionOf(const TableLayout& layout, uint64_t id, uint32_t partitions) {
  return layout.kind == TableSpec::Kind::kSparse ? PartitionOfSparseId(id, partitions)
                                                 : PartitionOfBlock(id, layout.salt, partitions);
}

// The same by other means: ordered maps, no hashing.
KeyCut SlowCut(const TableLayout& layout, uint32_t partitions, const std::vector<Key>& keys) {
  std::map<uint64_t, uint32_t> counts;
  std::vector<std::vector<uint64_t>> groups(partitions);
  for (const Key key : keys) {
    const uint64_t id = IdOf(layout, key);
    if (counts[id]++ == 0) groups[PartitionOf(layout, id, partitions)].push_back(id);
  }
  for (auto& group : groups) std::sort(group.begin(), group.end());
  KeyCut cut;
  cut.table = layout.index;
  cut.width = layout.width;
  std::map<uint64_t, uint32_t> places;
  cut.offsets.push_back(0);
  for (const auto& group : groups) {
    for (const uint64_t id : group) {
      places[id] = static_cast<uint32_t>(cut.ids.size());
      cut.ids.push_back(id);
      cut.counts.push_back(counts[id]);
    }
    cut.offsets.push_back(static_cast<uint32_t>(cut.ids.size()));
  }
  for (const Key key : keys) cut.inverse.push_back(places[IdOf(layout, key)]);
  return cut;
}

void CheckCut(KeyCutter& cutter, uint32_t partitions, const TableLayout& layout,
              const std::vector<Key>& keys) {
  const auto cut = cutter.Cut(layout, keys);
  const KeyCut expected = SlowCut(layout, partitions, keys);
  REQUIRE(cut->table == expected.table);
  REQUIRE(cut->width == expected.width);
  REQUIRE(cut->ids == expected.ids);
  REQUIRE(cut->offsets == expected.offsets);
  REQUIRE(cut->counts == expected.counts);
  REQUIRE(cut->inverse == expected.inverse);
}

std::vector<Key> RandomKeys(Random& random, size_t count, uint64_t distinct) {
  std::vector<Key> keys(count);
  for (Key& key : keys) key = random.Below(distinct);
  return keys;
}

TEST_CASE("LayoutOf takes what it needs of a table") {
  const TableLayout sparse = Sparse();
  CHECK(sparse.index == 3);
  CHECK(sparse.salt == TableSalt("w"));
  CHECK(sparse.width == 5);
  CHECK(sparse.kind == TableSpec::Kind::kSparse);
  CHECK(sparse.blocks == 0);
  const TableLayout dense = Dense(100);
  CHECK(dense.kind == TableSpec::Kind::kDense);
  CHECK(dense.width == 16);
  CHECK(dense.blocks == 7);
}

TEST_CASE("an empty cut has empty partitions") {
  KeyCutter cutter(4);
  const auto cut = cutter.Cut(Sparse(), {});
  CHECK(cut->unique() == 0);
  CHECK(cut->offsets == std::vector<uint32_t>(5, 0));
  CHECK(cut->inverse.empty());
  CHECK(cut->IdsOf(3).empty());
}

TEST_CASE("every key is legal, and repeats are counted") {
  KeyCutter cutter(8);
  const TableLayout layout = Sparse();
  // The salt itself has the id 0.
  const std::vector<Key> keys = {0, kLast, layout.salt, 0, ~layout.salt, kLast, 0, layout.salt};
  CheckCut(cutter, 8, layout, keys);
  const auto cut = cutter.Cut(layout, keys);
  CHECK(cut->unique() == 4);
  CHECK(cut->counts[cut->inverse[0]] == 3);
  CHECK(cut->ids[cut->inverse[2]] == 0);
  CHECK(KeyOfSparseId(cut->ids[cut->inverse[1]], layout.salt) == kLast);
}

TEST_CASE("within a partition, ids ascend") {
  KeyCutter cutter(1);
  const TableLayout layout = Dense(1600);
  const std::vector<Key> keys = {9, 4, 9, 7, 4, 0};
  const auto cut = cutter.Cut(layout, keys);
  CHECK(cut->ids == std::vector<uint64_t>{0, 4, 7, 9});
  CHECK(cut->inverse == std::vector<uint32_t>{3, 1, 3, 2, 1, 0});
  CHECK(cut->counts == std::vector<uint32_t>{1, 2, 1, 2});
}

TEST_CASE("IdsOf gives a partition's own ids") {
  KeyCutter cutter(16);
  SeededRandom random(5);
  const TableLayout layout = Sparse();
  const auto cut = cutter.Cut(layout, RandomKeys(random, 1000, 500));
  size_t total = 0;
  for (uint32_t p = 0; p < 16; ++p) {
    for (const uint64_t id : cut->IdsOf(p)) CHECK(PartitionOfSparseId(id, 16) == p);
    total += cut->IdsOf(p).size();
  }
  CHECK(total == cut->unique());
}

TEST_CASE("any keys are cut as by the slow way") {
  SeededRandom random(6);
  for (const uint32_t partitions : {1u, 2u, 64u, 1024u}) {
    KeyCutter cutter(partitions);  // One for all: scratch of one cut must not show in the next.
    for (int round = 0; round < 60; ++round) {
      const size_t count = random.Below(2000);
      const uint64_t distinct = 1 + random.Below(1000);
      const std::vector<Key> keys = RandomKeys(random, count, distinct);
      CheckCut(cutter, partitions, Sparse(), keys);
      CheckCut(cutter, partitions, Dense(16 * distinct), keys);
    }
  }
}

TEST_CASE("keys whose ids collide in the table of slots are told apart") {
  const TableLayout layout = Sparse();
  std::vector<Key> keys;
  constexpr uint64_t kInverse = 0xF1DE83E19937733Du;  // Of HomeOf's factor, modulo 2^64.
  static_assert(kInverse * 0x9E3779B97F4A7C15u == 1);
  for (uint64_t i = 0; i < 300; ++i) {
    const Key key = (~uint64_t{0} - i) * kInverse;  // All want the last slot, and wrap around.
    keys.push_back(key);
    keys.push_back(key);
  }
  KeyCutter cutter(4);
  CheckCut(cutter, 4, layout, keys);
}

TEST_CASE("the scratch grows and is used again, larger or smaller") {
  SeededRandom random(7);
  KeyCutter cutter(64);
  for (const size_t count : {10u, 50'000u, 10u, 20'000u, 0u, 300u}) {
    CheckCut(cutter, 64, Sparse(), RandomKeys(random, count, kLast));
  }
}

TEST_CASE("ids that share their top bits are put in order too") {
  const TableLayout layout = Sparse();
  SeededRandom random(9);
  std::vector<Key> keys;
  for (int i = 0; i < 5000; ++i) {
    keys.push_back(KeyOfSparseId(random.Below(1'000'000), layout.salt));
  }
  KeyCutter cutter(4);
  CheckCut(cutter, 4, layout, keys);
}

TEST_CASE("the order of the keys does not change what is in a partition") {
  SeededRandom random(8);
  KeyCutter cutter(8);
  std::vector<Key> keys = RandomKeys(random, 1000, 300);
  const auto cut = cutter.Cut(Sparse(), keys);
  std::reverse(keys.begin(), keys.end());
  const auto reversed = cutter.Cut(Sparse(), keys);
  CHECK(cut->offsets == reversed->offsets);
  CHECK(cut->ids == reversed->ids);
}

}  // namespace
}  // namespace cairn
