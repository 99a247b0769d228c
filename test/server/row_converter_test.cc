#include "server/row_converter.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/status.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

std::shared_ptr<const TableSchema> SchemaOf(const TableSpec& table) {
  JobSpec job;
  job.tables = {table};
  return TableSchema::Make(job, 0, {}).value();
}

// A row of 1, 2, 3, ...
std::vector<float> Counting(size_t words) {
  std::vector<float> row(words);
  std::iota(row.begin(), row.end(), 1.0f);
  return row;
}

std::vector<float> Convert(const TableSpec& saved, const TableSpec& wanted) {
  const auto from = SchemaOf(saved), to = SchemaOf(wanted);
  const auto converter = RowConverter::Make(saved, from->StateFloatsByPart(), to);
  REQUIRE(converter.ok());
  std::vector<float> row(to->row_floats(), -1.0f);
  converter->Convert(9, Counting(from->row_floats()), row);
  return row;
}

TEST_CASE("A row of the same layout is copied", "[row_converter]") {
  TableSpec table = test::SampleJob(1).tables[0];
  TableSpec other_numbers = table;
  other_numbers.parts[1].optimizer.learning_rate = 9;
  CHECK(Convert(table, other_numbers) == Counting(1 + 4 + 2 + 1));
}

TEST_CASE("A part with another optimizer keeps its weights and starts its state afresh",
          "[row_converter]") {
  const TableSpec saved = test::SampleJob(1).tables[0];  // ftrl, rowwise_adagrad.
  TableSpec wanted = saved;
  wanted.parts[0].optimizer.name = "adagrad";
  wanted.parts[0].optimizer.initial_accumulator = 0.125f;
  CHECK(Convert(saved, wanted) == std::vector<float>{1, 2, 3, 4, 5, 0.125f, 8});
  wanted = saved;
  wanted.parts[1].optimizer.name = "adam";
  std::vector<float> expected = Counting(7);
  expected.resize(7 + 2 * 3 + 2, 0.0f);
  CHECK(Convert(saved, wanted) == expected);
}

TEST_CASE("An optimizer whose state has another size starts afresh", "[row_converter]") {
  const TableSpec table = test::SampleJob(1).tables[2];
  const auto schema = SchemaOf(table);  // "sum", without state.
  const auto converter = RowConverter::Make(table, std::vector<uint32_t>{5}, schema);
  REQUIRE(converter.ok());
  std::vector<float> row(schema->row_floats());
  converter->Convert(9, Counting(1 + 1 + 5), row);
  CHECK(row == std::vector<float>{1, 2});
}

std::string ErrorOf(const TableSpec& saved, const TableSpec& wanted) {
  const auto schema = SchemaOf(wanted);
  const std::vector<uint32_t> floats(saved.parts.size());
  const absl::Status status = RowConverter::Make(saved, floats, schema).status();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  return std::string(MessageOf(status));
}

TEST_CASE("Tables of other shapes are refused, and both are named", "[row_converter]") {
  const JobSpec job = test::SampleJob(1);
  TableSpec wider = job.tables[0];
  wider.parts[1].width = 8;
  CHECK(ErrorOf(job.tables[0], wider) ==
        "table \"fm\" is saved as sparse, parts of widths 1+3, but the job has it as sparse, "
        "parts of widths 1+8");
  TableSpec longer = job.tables[1];
  longer.dense_size = 31;
  CHECK(ErrorOf(job.tables[1], longer) ==
        "table \"dense\" is saved as dense, 30 floats in blocks of 4, but the job has it as dense, "
        "31 floats in blocks of 4");
  ErrorOf(job.tables[1], job.tables[2]);
}

}  // namespace
}  // namespace cairn
