#include "server/table_shard.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/hash.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

using Row = std::vector<float>;

constexpr uint32_t kFtrl =
    2;  // Of MakeJob's tables, the one whose weights follow from their state.

JobSpec MakeJob(uint32_t partitions) {
  TableSpec sparse;
  sparse.name = "v";
  sparse.parts.resize(2);
  sparse.parts[0].optimizer.l2 = 0.5f;
  sparse.parts[1].width = 3;
  sparse.parts[1].optimizer.name = "rowwise_adagrad";
  sparse.parts[1].initializer = {InitializerSpec::Kind::kNormal, 0.1f};
  TableSpec dense;
  dense.name = "dense";
  dense.kind = TableSpec::Kind::kDense;
  dense.dense_size = 101;
  dense.parts[0].width = 4;
  dense.parts[0].initializer = {InitializerSpec::Kind::kNormal, 0.2f};
  TableSpec ftrl;
  ftrl.name = "ftrl";
  ftrl.parts[0].optimizer = {.name = "ftrl", .learning_rate = 0.2f, .l1 = 0.3f, .l2 = 0.5f};
  JobSpec job;
  job.partitions = partitions;
  job.tables = {sparse, dense, ftrl};
  return job;
}

TableShard MakeShard(const JobSpec& job, uint32_t table, uint32_t partition) {
  auto schema = TableSchema::Make(job, table, {});
  REQUIRE(schema.ok());
  return TableShard(*schema, partition);
}

// What a shard should do, over a std::map of rows.
class Model {
 public:
  explicit Model(const TableSchema& schema) : schema_(schema) {}
  void Apply(const TableSchema::Step& step, uint64_t id, const float* gradient, uint32_t count) {
    Row& row = rows_[id];
    if (row.empty()) {
      row.resize(schema_.row_floats());
      SetCount(RowCount::Never(), row.data());
      schema_.InitRow(id, row.data() + kRowCountWords);
    }
    const RowCount seen = TableSchema::CountRow(step, id, count, CountOf(row.data()));
    SetCount(seen, row.data());
    Row scratch(schema_.width());
    schema_.ApplyRow(step, gradient, count, seen, row.data() + kRowCountWords, scratch.data());
  }
  std::map<uint64_t, Row>& rows() { return rows_; }

 private:
  const TableSchema& schema_;
  std::map<uint64_t, Row> rows_;
};

bool SameBits(const float* a, const float* b, size_t size) {
  return std::equal(a, a + size, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

// Ids of one partition: even or clustered at its two ends, both extremes among them.
uint64_t DrawId(uint64_t hash, uint32_t partition, bool clustered) {
  constexpr uint64_t kRest = ~uint64_t{0} >> 2;  // Four partitions.
  const uint64_t top = uint64_t{partition} << 62;
  if (!clustered) return top | (Mix64(hash % 700) & kRest);
  return top | (hash % 2 == 0 ? hash / 2 % 100 : kRest - hash / 2 % 100);
}

TEST_CASE("A sparse shard behaves as a map of rows under random operations", "[table_shard]") {
  const bool clustered = GENERATE(false, true);
  const uint32_t partition = GENERATE(0u, 3u);  // Those that own id 0 and id 2^64 - 1.
  const uint32_t table = GENERATE(0u, kFtrl);
  TableShard shard = MakeShard(MakeJob(4), table, partition);
  const TableSchema& schema = shard.schema();
  Model model(schema);
  for (uint64_t op = 0; op < 1500; ++op) {
    const uint64_t hash = HashWords(op, partition, clustered);
    std::vector<uint64_t> ids(hash % 70);
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i] = DrawId(HashWords(hash, i), partition, clustered);
      REQUIRE(shard.Owns(ids[i]));
    }
    std::vector<float> values(ids.size() * schema.width());
    if (op % 3 == 0) {  // Repeated ids included.
      for (float& v : values) v = static_cast<float>(UnitInterval(Mix64(hash + (&v - &values[0]))));
      std::vector<uint32_t> counts(op % 2 == 0 ? ids.size() : 0);
      std::iota(counts.begin(), counts.end(), 1);
      const TableSchema::Step step{.epoch = op % 5, .rate_factor = 0.5f, .chance = hash};
      shard.Apply(step, ids, values, counts);
      for (size_t i = 0; i < ids.size(); ++i) {
        model.Apply(step, ids[i], &values[i * schema.width()], counts.empty() ? 1 : counts[i]);
      }
    } else if (op % 3 == 1) {
      for (const uint64_t id : std::span(ids).first(ids.size() / 3)) {
        shard.Erase(id);
        model.rows().erase(id);
      }
    } else {
      const bool initial = op % 2 == 0;
      shard.Read(ids, initial ? TableShard::Missing::kInitial : TableShard::Missing::kZero,
                 values.data());
      for (size_t i = 0; i < ids.size(); ++i) {
        Row expected(schema.width(), 0.0f);
        const auto found = model.rows().find(ids[i]);
        if (found != model.rows().end()) {
          std::copy_n(found->second.begin() + kRowCountWords, schema.width(), expected.begin());
        } else if (initial) {
          schema.InitWeights(ids[i], expected.data());
        }
        REQUIRE(SameBits(&values[i * schema.width()], expected.data(), schema.width()));
      }
    }
    REQUIRE(shard.rows() == model.rows().size());
  }
  std::vector<uint64_t> ids, expected;
  shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
  for (const auto& [id, row] : model.rows()) {
    expected.push_back(id);
    Row found(row.size());
    REQUIRE(shard.Get(id, found.data()));
    REQUIRE(SameBits(found.data(), row.data(), row.size()));
  }
  CHECK(ids == expected);
}

TEST_CASE("Reading creates nothing, and Put restores a raw row", "[table_shard]") {
  TableShard shard = MakeShard(MakeJob(1), 0, 0);
  std::vector<float> weights(shard.schema().width());
  shard.Read(std::vector<uint64_t>{1}, TableShard::Missing::kInitial, weights.data());
  CHECK(shard.rows() == 0);
  Row row(shard.schema().row_floats()), found(row.size());
  CHECK_FALSE(shard.Has(1));
  CHECK_FALSE(shard.Get(1, found.data()));
  shard.Erase(1);
  std::iota(row.begin(), row.end(), 1.0f);
  SetCount(RowCount::Near(20, true), row.data());
  shard.Put(1, row);
  CHECK(shard.Has(1));
  REQUIRE(shard.Get(1, found.data()));
  CHECK(SameBits(found.data(), row.data(), row.size()));
  row[2] = 99;
  shard.Put(1, row);
  REQUIRE(shard.Get(1, found.data()));
  CHECK(found[2] == 99);
  CHECK(shard.rows() == 1);
}

TEST_CASE("An FTRL row has no word for its weight, which is there all the same", "[table_shard]") {
  TableShard shard = MakeShard(MakeJob(1), kFtrl, 0);
  REQUIRE(shard.schema().implied_weight() != nullptr);
  CHECK(shard.schema().stored_words() == 2);
  const std::vector<uint64_t> ids = {7};
  shard.Apply({}, ids, std::vector<float>{-4.0f}, {});
  float weight = 0;
  shard.Read(ids, TableShard::Missing::kZero, &weight);
  CHECK(weight > 0.1f);
  Row row(shard.schema().row_floats()), again(row.size());
  REQUIRE(shard.Get(7, row.data()));
  CHECK(row[kRowCountWords] == weight);
  // As it was saved: to the last bit.
  shard.Erase(7);
  shard.Put(7, row);
  REQUIRE(shard.Get(7, again.data()));
  CHECK(SameBits(again.data(), row.data(), row.size()));
  // A weight that was learnt otherwise, and its state does not tell: the weight holds.
  for (const float other : {0.25f, -1.5f, 0.0f}) {
    row[kRowCountWords] = other;
    shard.Put(7, row);
    shard.Read(ids, TableShard::Missing::kZero, &weight);
    CHECK(weight == Approx(other).epsilon(1e-6));
  }
  std::fill(row.begin() + kRowCountWords, row.end(), 0.0f);
  row[kRowCountWords] = 0.75f;  // Without any state.
  shard.Put(7, row);
  shard.Read(ids, TableShard::Missing::kZero, &weight);
  CHECK(weight == Approx(0.75f).epsilon(1e-6));
}

TEST_CASE("Only where a weight follows from its state it is left out", "[table_shard]") {
  const auto is_implied = [](const auto& change) {
    JobSpec job = MakeJob(1);
    change(&job.tables[kFtrl]);
    const auto schema = TableSchema::Make(job, kFtrl, {});
    REQUIRE(schema.ok());
    return (*schema)->implied_weight() != nullptr;
  };
  CHECK(is_implied([](TableSpec*) {}));
  CHECK_FALSE(is_implied([](TableSpec* t) { t->parts[0].optimizer.beta = 0; }));
  CHECK_FALSE(is_implied([](TableSpec* t) { t->parts[0].optimizer.name = "adagrad"; }));
  CHECK_FALSE(is_implied([](TableSpec* t) { t->parts[0].width = 2; }));
  CHECK_FALSE(is_implied([](TableSpec* t) { t->retention.admit_count = 2; }));
  CHECK_FALSE(is_implied([](TableSpec* t) {
    t->parts[0].initializer = {InitializerSpec::Kind::kNormal, 0.1f};
  }));
  CHECK_FALSE(is_implied([](TableSpec* t) {
    t->kind = TableSpec::Kind::kDense;
    t->dense_size = 5;
  }));
}

TEST_CASE("A scan asks only for this partition's range", "[table_shard]") {
  TableShard shard = MakeShard(MakeJob(4), 0, 2);
  const uint64_t least = uint64_t{2} << 62, most = least | (~uint64_t{0} >> 2);
  const Row row(shard.schema().row_floats());
  for (const uint64_t id : {least, least + 1, most}) shard.Put(id, row);
  std::vector<uint64_t> ids;
  shard.IdsInRange(0, least - 1, 10, &ids);
  shard.IdsInRange(most + 1, ~uint64_t{0}, 10, &ids);
  CHECK(ids.empty());
  shard.IdsInRange(12'345, ~uint64_t{0}, 2, &ids);
  CHECK(ids == std::vector<uint64_t>{least, least + 1});
  ids.clear();
  shard.IdsInRange(least + 2, most, 10, &ids);
  CHECK(ids == std::vector<uint64_t>{most});
}

TEST_CASE("A scan in slices finds each row once, or each dirty one, and may leave it clean",
          "[table_shard]") {
  const uint32_t table = GENERATE(0u, 1u);  // Sparse, dense.
  TableShard shard = MakeShard(MakeJob(4), table, 2);
  std::vector<uint64_t> all;
  if (table == 0) {
    const uint64_t least = uint64_t{2} << 62, most = least | (~uint64_t{0} >> 2);
    const Row row(shard.schema().row_floats());
    for (uint64_t i = 0; i < 100; ++i) shard.Put(least + i * i * 0x1234567, row);
    shard.Put(most, row);
  }
  shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &all);
  std::vector<uint64_t> dirty;
  for (size_t i = 0; i < all.size(); i += 3) dirty.push_back(all[i]);
  shard.Apply({}, dirty, std::vector<float>(dirty.size() * shard.schema().width(), 1.0f), {});

  const size_t looks = GENERATE(1u, 2u, 7u, 1000u), most_rows = GENERATE(1u, 3u, 1000u);
  const auto scan_all = [&](bool only_dirty, bool mark_clean) {
    std::vector<uint64_t> found;
    std::optional<uint64_t> next = 0;
    while (next.has_value()) {
      RowScan scan;
      scan.only_dirty = only_dirty;
      scan.mark_clean = mark_clean;
      scan.looks_left = looks;
      scan.rows_left = most_rows;
      next = shard.Scan(*next, &scan);
      REQUIRE(scan.ids.size() == most_rows - scan.rows_left);
      REQUIRE(scan.ids.size() <= looks - scan.looks_left);
      const size_t floats = shard.schema().row_floats();
      REQUIRE(scan.rows.size() == scan.ids.size() * floats);
      for (size_t i = 0; i < scan.ids.size(); ++i) {
        Row row(floats);
        REQUIRE(shard.Get(scan.ids[i], row.data()));
        CHECK(SameBits(row.data(), scan.rows.data() + i * floats, floats));
      }
      found.insert(found.end(), scan.ids.begin(), scan.ids.end());
    }
    return found;
  };
  CHECK(scan_all(false, false) == all);
  CHECK(scan_all(true, false) == dirty);
  CHECK(scan_all(true, true) == dirty);
  CHECK(scan_all(true, false).empty());
  CHECK(scan_all(false, true) == all);
}

TEST_CASE("Each dense block lives, with its initial values, in one partition", "[table_shard]") {
  const uint32_t partitions = GENERATE(1u, 4u, 64u);
  std::vector<uint64_t> all;
  for (uint32_t p = 0; p < partitions; ++p) {
    TableShard shard = MakeShard(MakeJob(partitions), 1, p);
    std::vector<uint64_t> ids;
    shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
    CHECK(ids.size() == shard.rows());
    CHECK(std::is_sorted(ids.begin(), ids.end()));
    for (const uint64_t id : ids) {
      REQUIRE(shard.Owns(id));
      std::vector<float> weights(4), expected(4);
      shard.Read(std::vector<uint64_t>{id}, TableShard::Missing::kZero, weights.data());
      shard.schema().InitWeights(id, expected.data());
      CHECK(SameBits(weights.data(), expected.data(), 4));
    }
    all.insert(all.end(), ids.begin(), ids.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<uint64_t> expected(26);  // 101 floats in blocks of 4.
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
  CHECK_FALSE(MakeShard(MakeJob(1), 1, 0).Owns(26));
}

TEST_CASE("Dense blocks are updated in place and scanned in slices", "[table_shard]") {
  TableShard shard = MakeShard(MakeJob(4), 1, 1);
  std::vector<uint64_t> ids, slices;
  shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
  const std::vector<float> gradients(ids.size() * 4, 1.0f);
  std::vector<float> before(gradients.size()), after(gradients.size());
  shard.Read(ids, TableShard::Missing::kInitial, before.data());
  shard.Apply({}, ids, gradients, {});
  shard.Read(ids, TableShard::Missing::kInitial, after.data());
  for (size_t i = 0; i < after.size(); ++i) CHECK(after[i] < before[i]);
  for (uint64_t next = 0; slices.size() < ids.size(); next = slices.back() + 1) {
    shard.IdsInRange(next, ~uint64_t{0}, 2, &slices);
  }
  CHECK(slices == ids);
  CHECK(shard.rows() == ids.size());
}

TEST_CASE("An empty shard costs less than 1 KiB, and so does a moved one", "[table_shard]") {
  TableShard shard = MakeShard(MakeJob(64), 0, 0);
  CHECK(shard.bytes() < 1024);
  const TableShard moved = std::move(shard);
  CHECK(moved.bytes() < 1024);
  CHECK(moved.rows() == 0);
}

TEST_CASE("What goes is noted from a moment on, unless it is too much", "[table_shard]") {
  TableSpec table{.name = "t"};
  table.parts[0].optimizer.name = "sum";
  JobSpec job;
  job.partitions = 1;
  job.tables = {table};
  TableShard shard = MakeShard(job, 0, 0);
  const auto push = [&](uint64_t first, uint64_t end) {
    std::vector<uint64_t> ids;
    for (uint64_t key = first; key < end; ++key) ids.push_back(shard.schema().IdOf(key));
    shard.Apply({}, ids, std::vector<float>(ids.size(), 1.0f), {});
    return ids;
  };
  const std::vector<uint64_t> ids = push(0, 10'000);
  shard.Erase(ids[0]);
  CHECK(shard.erased() == nullptr);
  shard.NoteErased();
  shard.Erase(ids[1]);
  shard.Erase(ids[1]);
  shard.MaybeForgetErased();
  REQUIRE(shard.erased() != nullptr);
  CHECK(shard.erased()->size() == 1);
  CHECK(shard.erased()->contains(ids[1]));
  for (size_t i = 2; i < 9'000; ++i) shard.Erase(ids[i]);
  CHECK(shard.erased() != nullptr);  // A snapshot may be counting on it.
  shard.MaybeForgetErased();
  CHECK(shard.erased() == nullptr);
  shard.NoteErased();
  CHECK(shard.erased()->empty());
}

}  // namespace
}  // namespace cairn
