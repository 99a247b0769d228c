#include "server/table_schema.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "base/status.h"
#include "kernels/initializers.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

PartSpec Part(uint32_t width, const std::string& optimizer) {
  PartSpec part;
  part.width = width;
  part.optimizer.name = optimizer;
  return part;
}

std::shared_ptr<const TableSchema> MakeSchema(const TableSpec& table, uint32_t partitions = 4) {
  JobSpec job;
  job.seed = 42;
  job.partitions = partitions;
  job.tables = {table};
  auto schema = TableSchema::Make(job, 0, {});
  REQUIRE(schema.ok());
  return *schema;
}

TableSpec Table(std::vector<PartSpec> parts) { return {.name = "w", .parts = std::move(parts)}; }

TEST_CASE("A row is a count, then weights, then states", "[table_schema]") {
  const auto schema = MakeSchema(Table({Part(1, "ftrl"), Part(8, "rowwise_adagrad")}));
  CHECK(schema->width() == 9);
  CHECK(schema->row_floats() == 1 + 9 + 2 + 1);
  CHECK(schema->words() == 9 + 2 + 1);
  CHECK(schema->StateFloatsByPart() == std::vector<uint32_t>{2, 1});
  CHECK(schema->gradient());
  CHECK(schema->salt() == TableSalt("w"));
  CHECK_FALSE(MakeSchema(Table({Part(2, "sum"), Part(1, "assign")}))->gradient());
}

TEST_CASE("A new row has initial weights and initial state", "[table_schema]") {
  PartSpec adagrad = Part(3, "adagrad");
  adagrad.optimizer.initial_accumulator = 0.5f;
  adagrad.initializer = {InitializerSpec::Kind::kNormal, 0.1f};
  PartSpec constant = Part(1, "sgd");
  constant.initializer = {InitializerSpec::Kind::kConstant, 2.0f};
  const auto schema = MakeSchema(Table({constant, adagrad}));
  constexpr Key kKey = 1234;
  std::vector<float> row(schema->words(), -1.0f), weights(schema->width());
  schema->InitRow(schema->IdOf(kKey), row.data());
  schema->InitWeights(schema->IdOf(kKey), weights.data());
  std::vector<float> normal(3);  // By key, not by id: the same whatever the partition count.
  FillInitial(adagrad.initializer, {42, TableSalt("w"), kKey}, 1, normal);
  std::vector<float> expected = {2.0f, normal[0], normal[1], normal[2], 0.5f, 0.5f, 0.5f};
  CHECK(row == expected);
  CHECK(weights == std::vector<float>(expected.begin(), expected.begin() + 4));
}

TEST_CASE("Keys and ids are each other's inverse", "[table_schema]") {
  TableSpec table = Table({Part(4, "sgd")});
  for (const Key key : {Key{0}, Key{77}, ~Key{0}}) {
    const auto sparse = MakeSchema(table);
    CHECK(sparse->KeyOf(sparse->IdOf(key)) == key);
    CHECK(sparse->IdOf(key) == SparseId(key, sparse->salt()));
  }
  table.kind = TableSpec::Kind::kDense;
  table.dense_size = 100;
  CHECK(MakeSchema(table)->IdOf(7) == 7);
  CHECK(MakeSchema(table)->KeyOf(7) == 7);
}

struct OneRow {
  explicit OneRow(const TableSpec& table) : schema(MakeSchema(table)) {
    row.resize(schema->words());
    scratch.resize(schema->width());
    schema->InitRow(5, row.data());
  }
  void Apply(const TableSchema::Step& step, std::vector<float> gradient, uint32_t occurrences) {
    count = TableSchema::CountRow(step, 5, occurrences, count);
    schema->ApplyRow(step, gradient.data(), occurrences, count, row.data(), scratch.data());
  }
  float weight(uint32_t i) const { return row[i]; }
  RowCount count = RowCount::Never();
  std::shared_ptr<const TableSchema> schema;
  std::vector<float> row, scratch;
};

PartSpec SgdWithPrior(float rate, float l2, float weight) {
  PartSpec part = Part(1, "sgd");
  part.optimizer.learning_rate = rate;
  part.optimizer.l2 = l2;
  part.initializer = {InitializerSpec::Kind::kConstant, weight};
  return part;
}

TEST_CASE("The prior is shared out over one epoch's occurrences", "[table_schema]") {
  OneRow row(Table({SgdWithPrior(0.5f, 0.1f, 8)}));
  row.Apply({.epoch = 0}, {0}, 3);  // n = 3 so far, c = 3: the whole of l2.
  CHECK(row.weight(0) == 8.0f - 0.5f * (0.1f * 3.0f / 3.0f * 8.0f));
  float before = row.weight(0);
  row.Apply({.epoch = 0}, {0}, 1);
  CHECK(row.weight(0) == before - 0.5f * (0.1f * 1.0f / 4.0f * before));
  before = row.weight(0);
  row.Apply({.epoch = 1}, {0}, 2);  // n stays at the first epoch's 4.
  CHECK(row.weight(0) == before - 0.5f * (0.1f * 2.0f / 4.0f * before));
  CHECK(row.count == RowCount::Near(4, false));
}

TEST_CASE("A row first seen in a later epoch counts all its occurrences", "[table_schema]") {
  OneRow row(Table({SgdWithPrior(1, 0.5f, 8)}));
  row.Apply({.epoch = 2}, {0}, 1);
  CHECK(row.weight(0) == 4.0f);
  row.Apply({.epoch = 3}, {0}, 1);
  CHECK(row.weight(0) == 3.0f);
  row.Apply({.epoch = 3}, {1}, 0);  // No occurrence, no prior, and no 0 / 0.
  CHECK(row.weight(0) == 2.0f);
  CHECK(row.count == RowCount::Near(2, true));
  OneRow untouched(Table({SgdWithPrior(1, 0.5f, 8)}));
  untouched.Apply({.epoch = 0}, {0}, 0);
  CHECK(untouched.weight(0) == 8.0f);
}

TEST_CASE("Counts saturate", "[table_schema]") {
  constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();
  OneRow row(Table({Part(1, "sum")}));
  row.Apply({.epoch = 0}, {0}, kMost - 1);
  row.Apply({.epoch = 0}, {0}, 5);
  CHECK(row.count.seen() == RowCount::kSeenMost);
}

TEST_CASE("The mean divides gradients; sum and assign get what was pushed", "[table_schema]") {
  TableSpec table = Table({SgdWithPrior(1, 0, 0), Part(1, "sum"), Part(1, "assign")});
  table.reduction = GENERATE(TableSpec::Reduction::kSum, TableSpec::Reduction::kMean);
  OneRow row(table);
  row.Apply({.inverse_rows = 0.25f}, {8, 8, 8}, 1);
  CHECK(row.weight(0) == (table.reduction == TableSpec::Reduction::kMean ? -2.0f : -8.0f));
  CHECK(row.weight(1) == 8);
  CHECK(row.weight(2) == 8);
}

TEST_CASE("The step's rate factor scales the learning rate", "[table_schema]") {
  OneRow row(Table({SgdWithPrior(0.5f, 0, 0)}));
  row.Apply({.rate_factor = 0.25f}, {8}, 1);
  CHECK(row.weight(0) == -1.0f);
}

absl::Status ErrorOf(const TableSpec& table) {
  JobSpec job;
  job.tables = {table};
  return TableSchema::Make(job, 0, {}).status();
}

TEST_CASE("A schema's errors name table and part", "[table_schema]") {
  const absl::Status unknown = ErrorOf(Table({Part(1, "sgd"), Part(1, "adamm")}));
  CHECK(unknown.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(unknown).find("table \"w\": part 1: unknown optimizer") == 0);
  const absl::Status large = ErrorOf(Table(std::vector<PartSpec>(3, Part(65'536, "adam"))));
  CHECK(large.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(large).find("at most 524288") != std::string_view::npos);
}

}  // namespace
}  // namespace cairn
