#include "server/row_table.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"

namespace cairn {
namespace {

constexpr uint64_t kLargest = std::numeric_limits<uint64_t>::max();

struct Known {
  RowCount count;
  uint32_t stamp = 0;
  bool dirty = false;
  std::vector<float> words;

  bool operator==(const Known&) const = default;
};
using Model = std::map<uint64_t, Known>;

// A table and what it should hold.
class Pair {
 public:
  Pair(uint64_t first_id, int shared_bits, uint32_t row_words,
       RowTable::Stamps stamps = RowTable::Stamps::kNone)
      : table(first_id, shared_bits, row_words, stamps),
        row_words_(row_words),
        has_stamps_(stamps != RowTable::Stamps::kNone) {}

  void Put(uint64_t id, Random* random) {
    bool added = false;
    RowTable::Row row = table.FindOrAdd(id, &added);
    REQUIRE(added == !model.contains(id));
    if (added) REQUIRE(row.count() == RowCount::Never());
    Known known;
    known.count = RowCount::FromByte(static_cast<uint8_t>(1 + random->Below(255)));
    for (uint32_t i = 0; i < row_words_; ++i) {
      known.words.push_back(static_cast<float>(random->Below(1000)));
    }
    row.set_count(known.count);
    if (has_stamps_) {
      if (added) REQUIRE(row.stamp() == 0);
      known.stamp = static_cast<uint32_t>(random->Below(RowTable::kStampEnd));
      row.set_stamp(known.stamp);
    }
    if (added) REQUIRE(!row.dirty());
    known.dirty = random->Below(2) == 0;
    if (known.dirty) {
      row.MarkDirty();
    } else {
      row.MarkClean();
    }
    std::copy(known.words.begin(), known.words.end(), row.words());
    model[id] = std::move(known);
  }

  void Erase(uint64_t id) { REQUIRE(table.Erase(id) == (model.erase(id) == 1)); }

  void CheckOne(uint64_t id) const {
    const auto row = table.Find(id);
    const auto known = model.find(id);
    REQUIRE(row.has_value() == (known != model.end()));
    if (!row) return;
    REQUIRE(row->count() == known->second.count);
    REQUIRE(row->dirty() == known->second.dirty);
    if (has_stamps_) REQUIRE(row->stamp() == known->second.stamp);
    REQUIRE(std::equal(known->second.words.begin(), known->second.words.end(), row->words()));
  }

  void CheckAll(uint64_t first, uint64_t last) const {
    REQUIRE(table.size() == model.size());
    for (const auto& [id, known] : model) CheckOne(id);
    std::vector<uint64_t> ids;
    table.IdsInRange(first, last, model.size() + 1, &ids);
    REQUIRE(ids.size() == model.size());
    REQUIRE(std::equal(ids.begin(), ids.end(), model.begin(),
                       [](uint64_t id, const auto& entry) { return id == entry.first; }));
    auto next = model.begin();
    REQUIRE(table.ForEachFrom(first, [&](uint64_t id, const RowTable::Row& row) {
      REQUIRE(id == next->first);
      REQUIRE(row.count() == next->second.count);
      REQUIRE(row.words()[0] == (next++)->second.words[0]);
      return true;
    }));
    REQUIRE(next == model.end());
  }

  RowTable table;
  Model model;

 private:
  const uint32_t row_words_;
  const bool has_stamps_;
};

TEST_CASE("RowTable behaves as an ordered map under random operations", "[row_table]") {
  const int shared_bits = GENERATE(0, 3, 8, 12, 31);
  const uint32_t row_words = GENERATE(1, 2, 6, 7, 40);
  const auto stamps = GENERATE(RowTable::Stamps::kNone, RowTable::Stamps::kTwoBits);
  const uint64_t mask = kLargest >> shared_bits;
  const uint64_t first = shared_bits == 0 ? 0 : Mix64(7) & ~mask;
  SeededRandom random(HashWords(static_cast<uint64_t>(shared_bits), row_words));
  Pair pair(first, shared_bits, row_words, stamps);
  std::vector<uint64_t> pool;
  for (int i = 0; i < 3000; ++i) pool.push_back(first | (Mix64(random.Below(kLargest)) & mask));
  pool.push_back(first);
  pool.push_back(first | mask);
  for (int i = 0; i < 30'000; ++i) {
    const uint64_t id = pool[random.Below(pool.size())];
    if (random.Below(3) == 0) {
      pair.Erase(id);
    } else {
      pair.Put(id, &random);
    }
    pair.CheckOne(pool[random.Below(pool.size())]);
  }
  pair.CheckAll(first, first | mask);
  for (const uint64_t id : pool) pair.Erase(id);
  pair.CheckAll(first, first | mask);
}

TEST_CASE("RowTable::ForEachFrom begins anywhere and ends when it is told to", "[row_table]") {
  const auto stamps = GENERATE(RowTable::Stamps::kNone, RowTable::Stamps::kTwoBits);
  RowTable table(0, 0, 2, stamps);
  std::vector<uint64_t> ids = {0, kLargest};
  for (uint64_t i = 1; i < 5000; ++i) ids.push_back(Mix64(i));
  for (const uint64_t id : ids) {
    bool added = false;
    table.FindOrAdd(id, &added);
  }
  std::sort(ids.begin(), ids.end());
  for (size_t begin = 0; begin < ids.size(); begin += 617) {
    for (const uint64_t first : {ids[begin], ids[begin] == 0 ? 0 : ids[begin] - 1}) {
      std::vector<uint64_t> seen;
      const bool at_end = table.ForEachFrom(first, [&](uint64_t id, const RowTable::Row&) {
        seen.push_back(id);
        return seen.size() < 900;
      });
      const size_t expected = std::min<size_t>(900, ids.size() - begin);
      CHECK(at_end == (expected < 900));
      CHECK(std::equal(seen.begin(), seen.end(), ids.begin() + static_cast<ptrdiff_t>(begin),
                       ids.begin() + static_cast<ptrdiff_t>(begin + expected)));
    }
  }
}

TEST_CASE("RowTable keeps every row while segments grow and are cut", "[row_table]") {
  const int shared_bits = GENERATE(0, 6, 12);
  const uint32_t row_words = GENERATE(2, 8);
  const uint64_t mask = kLargest >> shared_bits;
  const uint64_t first = shared_bits == 0 ? 0 : Mix64(9) & ~mask;
  const uint64_t rows = 400'000;
  RowTable table(first, shared_bits, row_words);
  const auto id_of = [&](uint64_t i) { return first | (Mix64(i) & mask); };
  for (uint64_t i = 0; i < rows; ++i) {
    bool added = false;
    RowTable::Row row = table.FindOrAdd(id_of(i), &added);
    REQUIRE(added);
    row.set_count(RowCount::FromByte(static_cast<uint8_t>(1 + i % 255)));
    row.words()[0] = static_cast<float>(i);
    row.words()[row_words - 1] = static_cast<float>(i + 1);
  }
  REQUIRE(table.size() == rows);
  for (uint64_t i = 0; i < rows; ++i) {
    const auto row = table.Find(id_of(i));
    REQUIRE(row.has_value());
    REQUIRE(row->count().byte() == 1 + i % 255);
    REQUIRE(row->words()[0] == static_cast<float>(i));
    REQUIRE(row->words()[row_words - 1] == static_cast<float>(i + 1));
    REQUIRE_FALSE(table.Find(id_of(i + rows)).has_value());
  }
  std::vector<uint64_t> ids;
  table.IdsInRange(first, first | mask, rows, &ids);
  REQUIRE(ids.size() == rows);
  CHECK(std::is_sorted(ids.begin(), ids.end()));

  // What is erased takes its memory along.
  const uint64_t full = table.bytes();
  for (uint64_t i = 0; i < rows; ++i) {
    if (i % 16 != 0) REQUIRE(table.Erase(id_of(i)));
  }
  for (uint64_t i = 0; i < rows; ++i) REQUIRE(table.Find(id_of(i)).has_value() == (i % 16 == 0));
  if (row_words == 2) CHECK(table.bytes() < full / 4);
}

TEST_CASE("RowTable takes ids that are not spread at all", "[row_table]") {
  SeededRandom random(5);
  Pair pair(0, 0, 3);
  const int shape = GENERATE(0, 1, 2, 3, 4);
  for (uint64_t i = 0; i < 3000; ++i) {
    switch (shape) {
      case 0:
        pair.Put(i, &random);
        break;
      case 1:
        pair.Put(kLargest - i, &random);
        break;
      case 2:
        pair.Put((uint64_t{0xABCDE} << 44) + (Mix64(i) >> 40), &random);
        break;
      case 3:
        pair.Put(i << 40, &random);
        break;
      default:
        pair.Put(i % 2 == 0 ? i : kLargest - i, &random);
        break;
    }
  }
  pair.CheckAll(0, kLargest);
  for (uint64_t i = 0; i < 3000; i += 2) pair.Erase(i);
  for (uint64_t i = 0; i < 3000; i += 3) pair.Erase(kLargest - i);
  pair.CheckAll(0, kLargest);
}

TEST_CASE("RowTable cuts a segment whose ids cluster once there are rows enough", "[row_table]") {
  RowTable table(0, 0, 1);
  bool added = false;
  for (uint64_t i = 0; i < 120'000; ++i) table.FindOrAdd(Mix64(i) >> 8, &added);  // One segment.
  for (uint64_t i = 0; i < 120'000; ++i) REQUIRE(table.Find(Mix64(i) >> 8).has_value());
  std::vector<uint64_t> ids;
  table.IdsInRange(0, kLargest, 200'000, &ids);
  CHECK(ids.size() == 120'000);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
}

TEST_CASE("RowTable tells ids of a part of its range", "[row_table]") {
  RowTable table(0, 0, 1);
  bool added = false;
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < 2000; ++i) all.push_back(Mix64(i));
  for (const uint64_t id : all) table.FindOrAdd(id, &added);
  std::sort(all.begin(), all.end());
  const auto range = [&](uint64_t first, uint64_t last, size_t most) {
    std::vector<uint64_t> ids;
    table.IdsInRange(first, last, most, &ids);
    return ids;
  };
  CHECK(range(all[10], all[19], 100) == std::vector(all.begin() + 10, all.begin() + 20));
  CHECK(range(all[10] + 1, all[19] - 1, 100) == std::vector(all.begin() + 11, all.begin() + 19));
  CHECK(range(all[10], kLargest, 7) == std::vector(all.begin() + 10, all.begin() + 17));
  CHECK(range(all[1999] + 1, kLargest, 7).empty());
}

TEST_CASE("RowTable is small while it is empty and near its payload when it is full",
          "[row_table]") {
  const int shared_bits = GENERATE(0, 6, 12);
  CHECK(RowTable(0, shared_bits, 2, RowTable::Stamps::kTwoBits).bytes() < 64 << 10);
  RowTable table(0, shared_bits, 2);
  CHECK(table.bytes() < 16 << 10);
  bool added = false;
  const uint64_t rows = 2'000'000;
  for (uint64_t i = 0; i < rows; ++i) table.FindOrAdd(Mix64(i) >> shared_bits, &added);
  CHECK(static_cast<double>(table.bytes()) / static_cast<double>(rows) < 20);  // 16 are payload.
}

}  // namespace
}  // namespace cairn
