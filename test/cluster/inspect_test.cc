#include "cairn/inspect.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/sample_model.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

struct Fixture {
  TempDirectory temp;
  std::string dir = temp.PathOf("model");
  Manifest manifest = WriteSampleModel(dir, 4);
  InspectOptions options{.model_dir = dir, .table = "", .top = 3};
};

TEST_CASE_METHOD(Fixture, "Inspect says what the model is", "[inspect]") {
  const ModelReport report = Inspect(options).value();
  CHECK(report.job == "a job");
  CHECK(report.model.empty());
  CHECK(report.settings.empty());
  CHECK(report.seed == 11);
  CHECK(report.partitions == 4);
  CHECK(report.digest == FormatDigest(manifest.digest_high, manifest.digest_low));
  uint64_t bytes = 0;
  for (const Manifest::File& file : manifest.files) bytes += file.bytes;
  CHECK(report.file_bytes == bytes);
  CHECK(report.file_bytes_min <= bytes / 4);
  CHECK(report.file_bytes_max >= bytes / 4);
  REQUIRE(report.tables.size() == 3);
  CHECK(report.tables[1].spec == test::SampleJob(4).tables[1]);
}

TEST_CASE_METHOD(Fixture, "The statistics of a table are those of its rows", "[inspect]") {
  options.table = "counts";
  const ModelReport report = Inspect(options).value();
  REQUIRE(report.tables.size() == 1);
  const TableReport& counts = report.tables[0];  // Its weights are 0, 1, .. 49.
  CHECK(counts.rows == kSampleKeys);
  CHECK(counts.row_bytes == 8 + 4 * 2);
  CHECK(counts.weights == kSampleKeys);
  CHECK(counts.zeros == 1);
  CHECK(counts.not_finite == 0);
  CHECK(counts.min == 0);
  CHECK(counts.max == 49);
  CHECK(counts.mean == 24.5);
  CHECK(counts.norm == Approx(std::sqrt(49.0 * 50 * 99 / 6)));
  CHECK(counts.seen_sum == kSampleKeys);
  CHECK(counts.seen[1] == kSampleKeys);
  CHECK(counts.partition_rows_min < counts.partition_rows_max);
  CHECK(counts.state_floats == std::vector<uint32_t>{0});
}

TEST_CASE_METHOD(Fixture, "Partitions make no difference to the statistics", "[inspect]") {
  const ModelReport four = Inspect(options).value();
  WriteSampleModel(temp.PathOf("m64"), 64);
  options.model_dir = temp.PathOf("m64");
  const ModelReport many = Inspect(options).value();
  for (size_t table = 0; table < 3; ++table) {
    const TableReport &a = four.tables[table], &b = many.tables[table];
    CHECK(a.mean == Approx(b.mean).epsilon(1e-12));
    CHECK(a.norm == Approx(b.norm).epsilon(1e-12));
    CHECK(a.seen == b.seen);
    CHECK(a.rows == b.rows);
    REQUIRE(a.heaviest.size() == b.heaviest.size());
    for (size_t i = 0; i < a.heaviest.size(); ++i) {
      CHECK(a.heaviest[i].key == b.heaviest[i].key);
      CHECK(a.heaviest[i].state == b.heaviest[i].state);
    }
  }
}

TEST_CASE_METHOD(Fixture, "The heaviest rows come first, as many as asked for", "[inspect]") {
  const TableReport counts = Inspect(options).value().tables[2];
  REQUIRE(counts.heaviest.size() == 3);
  CHECK(counts.heaviest[0].key == ~Key{0});
  CHECK(counts.heaviest[0].weights == std::vector<float>{49});
  CHECK(counts.heaviest[1].key == 48 * 48);
  CHECK(counts.heaviest[2].key == 47 * 47);
  options.top = 0;
  CHECK(Inspect(options).value().tables[2].heaviest.empty());
  options.top = 1000;
  const TableReport fm = Inspect(options).value().tables[0];
  CHECK(fm.heaviest.size() == fm.rows);
  CHECK(fm.heaviest[0].weights.size() == 4);
  CHECK(fm.heaviest[0].state.size() == 2);
  CHECK(fm.heaviest[0].state[0].size() == fm.state_floats[0]);
}

TEST_CASE_METHOD(Fixture, "A key's row is found, or where it would be", "[inspect]") {
  const std::vector<KeyReport> all = FindKey(options, 9).value();
  REQUIRE(all.size() == 2);  // "dense" has only 8 blocks.
  CHECK(all[0].table == "fm");
  CHECK(all[0].rows.empty());
  CHECK(all[1].table == "counts");
  REQUIRE(all[1].rows.size() == 1);
  const SavedRow& row = all[1].rows[0];
  CHECK(row.key == 9);
  CHECK(row.seen == 1);
  CHECK(row.weights == std::vector<float>{3});
  CHECK(row.partition == PartitionOfSparseId(SparseId(9, TableSalt("counts")), 4));
  options.table = "dense";
  CHECK(FindKey(options, 7).value()[0].rows[0].weights.size() == 4);
  CHECK(FindKey(options, 8).value().empty());
  options.table = "fm";
  CHECK(FindKey(options, 16).value()[0].rows[0].state[0].size() == 2);
}

TEST_CASE_METHOD(Fixture, "A table that does not exist is answered with those that do",
                 "[inspect]") {
  options.table = "count";
  const absl::Status status = Inspect(options).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) == "the model has no table \"count\"; it has: fm, dense, counts");
  CHECK(FindKey(options, 1).status() == status);
}

TEST_CASE_METHOD(Fixture, "Damage is found in any file, whatever table is asked for", "[inspect]") {
  options.table = "counts";
  for (const std::string name : {"p0.snapshot", "p3.snapshot"}) {
    const std::string path = dir + "/" + name;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto at = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
    file.seekg(at);
    const int old = file.get();
    for (const int byte : {old ^ 4, old}) {
      file.seekp(at);
      file.put(static_cast<char>(byte));
      file.flush();
      const absl::Status status = Inspect(options).status();
      CHECK(status.code() == (byte == old ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss));
      if (byte != old) CHECK(MessageOf(status).starts_with(path + ": snapshot is damaged in"));
    }
  }
}

}  // namespace
}  // namespace cairn
