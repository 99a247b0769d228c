#include "server/snapshot_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/memory_file_system.h"
#include "base/status.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Bytes = std::vector<std::byte>;
using Rows = std::vector<std::pair<std::pair<uint32_t, uint64_t>, std::vector<float>>>;

class Fixture {
 public:
  void Write(const Bytes& bytes) {
    REQUIRE(files.WriteFileAtomically(file.path, bytes).ok());
    file.crc = Crc32c(bytes);
  }
  absl::StatusOr<Rows> Read() {
    CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, SnapshotReader::Open(&files, {file}));
    Rows rows;
    CAIRN_RETURN_IF_ERROR(
        reader.ForEachRow([&](uint32_t table, uint64_t key, std::span<const float> row) {
          rows.push_back({{table, key}, std::vector<float>(row.begin(), row.end())});
          return absl::Status();
        }));
    return rows;
  }

  MemoryFileSystem files;
  InitFile file{"/p0", 0};
};

// A snapshot of "counts" during whose writing, after `slices` slices of one row each, every third
// key was erased, every second one pushed again, and new ones came.
Bytes SnapshotUnderWrites(size_t slices) {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  TableShard& counts = shards[2];
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 30; ++key) keys.push_back(key);
  test::PushKeys(keys, 1.0f, &counts);
  Bytes bytes;
  SnapshotWriter writer(test::HeaderOf(job, 0), &shards);
  for (size_t i = 0; i < slices && writer.ScanSlice(1, &bytes); ++i) {
  }
  for (uint64_t key = 0; key < 40; ++key) {
    const std::vector<uint64_t> id = {counts.schema().IdOf(key)};
    writer.RowsChanging(2, id);
    if (key % 3 == 0 && key < 30) {
      counts.Erase(id[0]);
    } else if (key % 2 == 0 || key >= 30) {
      test::PushKeys(std::vector<uint64_t>{key}, static_cast<float>(key), &counts);
    }
  }
  while (writer.ScanSlice(7, &bytes)) {
  }
  writer.Finish({}, &bytes);
  return bytes;
}

TEST_CASE_METHOD(Fixture, "Each row is told once, as it was at the end, in the order of its place",
                 "[snapshot_reader]") {
  const size_t blocks = test::SampleJob(1).tables[1].blocks();
  for (size_t slices = 0; slices < 45; ++slices) {
    INFO(slices);
    const Bytes bytes = SnapshotUnderWrites(slices);
    test::SnapshotContent content;
    REQUIRE(test::ParseSnapshot(bytes, 1000, &content).ok());
    Write(bytes);
    const Rows rows = Read().value();
    CHECK(rows.size() == 30 - 10 + 10 + blocks);
    std::map<std::pair<uint32_t, uint64_t>, std::vector<float>> told(rows.begin(), rows.end());
    CHECK(told == content.rows);
    for (size_t i = 1; i < rows.size(); ++i) {
      const auto& [a, b] = std::pair(rows[i - 1].first, rows[i].first);
      const std::vector<TableSpec>& tables = content.header.tables;
      CHECK(std::pair(a.first, PlaceOf(tables[a.first], a.second)) <
            std::pair(b.first, PlaceOf(tables[b.first], b.second)));
    }
  }
}

TEST_CASE_METHOD(Fixture, "Nothing of a damaged file is told, and the file is named",
                 "[snapshot_reader]") {
  const Bytes bytes = test::SampleSnapshot();
  Write(bytes);
  REQUIRE(Read().ok());
  for (uint64_t at = 0; at < bytes.size(); at += 5) {
    INFO(at);
    REQUIRE(files.FlipBit(file.path, 8 * at + at % 8).ok());
    const absl::Status opened = SnapshotReader::Open(&files, {file}).status();
    CHECK(opened.code() == absl::StatusCode::kDataLoss);
    CHECK(MessageOf(opened).starts_with("/p0: snapshot is damaged in block "));
    REQUIRE(files.FlipBit(file.path, 8 * at + at % 8).ok());
  }
  CHECK(Read().ok());
}

TEST_CASE_METHOD(Fixture, "A whole snapshot of another model is not taken", "[snapshot_reader]") {
  Write(test::SampleSnapshot());
  file.crc ^= 1;
  CHECK(MessageOf(SnapshotReader::Open(&files, {file}).status()) ==
        "/p0: a whole snapshot, but not the one that the manifest names");
  file.path = "/p1";
  CHECK(SnapshotReader::Open(&files, {file}).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "A file that changes between the two readings is found",
                 "[snapshot_reader]") {
  Write(test::SampleSnapshot());
  const SnapshotReader reader = SnapshotReader::Open(&files, {file}).value();
  const auto ignore = [](uint32_t, uint64_t, std::span<const float>) { return absl::Status(); };
  CHECK(reader.ForEachRow(ignore).ok());
  Write(SnapshotUnderWrites(3));
  CHECK(reader.ForEachRow(ignore).code() == absl::StatusCode::kDataLoss);
}

TEST_CASE_METHOD(Fixture, "The sink's error ends the reading, as it is", "[snapshot_reader]") {
  Write(test::SampleSnapshot());
  const SnapshotReader reader = SnapshotReader::Open(&files, {file}).value();
  int calls = 0;
  const absl::Status status = reader.ForEachRow([&](uint32_t, uint64_t, std::span<const float>) {
    return ++calls == 3 ? Unavailable("the pipe is closed") : absl::Status();
  });
  CHECK(MessageOf(status) == "the pipe is closed");
  CHECK(calls == 3);
}

TEST_CASE_METHOD(Fixture, "The header is read without what follows it", "[snapshot_reader]") {
  Bytes bytes = test::SampleSnapshot();
  bytes.resize(bytes.size() - 100);
  Write(bytes);
  const SnapshotHeader header = ReadSnapshotHeader(&files, file.path).value();
  CHECK(header.partition == 1);
  CHECK(header.tables[0] == test::SampleJob(2).tables[0]);
  bytes.resize(60);
  Write(bytes);
  const absl::Status cut = ReadSnapshotHeader(&files, file.path).status();
  CHECK(cut.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(cut).starts_with("/p0: "));
}

TEST_CASE_METHOD(Fixture, "Increments are merged with what they are increments on",
                 "[snapshot_reader]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  std::vector<InitFile> parts;
  const auto write = [&](uint64_t checkpoint, uint64_t since) {
    SnapshotHeader header = test::HeaderOf(job, 0);
    header.checkpoint = checkpoint;
    header.since = since;
    Bytes bytes;
    SnapshotWriter writer = SnapshotWriter::OfCheckpoint(header, &shards);
    while (writer.ScanSlice(7, &bytes)) {
    }
    writer.Finish({}, &bytes);
    parts.push_back({"/p0-" + std::to_string(checkpoint), Crc32c(bytes), 0});
    REQUIRE(files.WriteFileAtomically(parts.back().path, bytes).ok());
  };
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 30; ++key) keys.push_back(key);
  test::PushKeys(keys, 1.0f, &shards[2]);
  write(4, 0);
  test::PushKeys(std::vector<uint64_t>{3, 5, 77}, 1.0f, &shards[2]);
  write(5, 4);
  shards[2].Erase(shards[2].schema().IdOf(5));
  shards[2].Erase(shards[2].schema().IdOf(6));
  test::PushKeys(std::vector<uint64_t>{4}, 2.0f, &shards[1]);
  write(6, 5);

  const SnapshotReader reader = SnapshotReader::Open(&files, parts).value();
  CHECK(reader.header().checkpoint == 6);
  CHECK(reader.rows() == 29);
  DigestScan scan(&shards);
  while (scan.Step(1'000)) {
  }
  CHECK(reader.digest() == scan.digest());
  std::map<std::pair<uint32_t, uint64_t>, float> weights;
  REQUIRE(reader
              .ForEachRow([&](uint32_t table, uint64_t key, std::span<const float> row) {
                weights[{table, key}] = row[kRowCountWords];
                return absl::Status();
              })
              .ok());
  CHECK(weights.size() == 29 + job.tables[1].blocks());
  CHECK(weights[{2, 3}] == 2.0f);
  CHECK(weights[{2, 77}] == 1.0f);
  CHECK(!weights.contains({2, 5}));
  CHECK(!weights.contains({2, 6}));

  const auto error = [&](std::vector<InitFile> some) {
    const absl::Status status = SnapshotReader::Open(&files, std::move(some)).status();
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    return std::string(MessageOf(status));
  };
  CHECK_THAT(error({parts[1]}), Catch::StartsWith("/p0-5: only what changed since checkpoint 4"));
  CHECK_THAT(error({parts[0], parts[2]}),
             Catch::Contains("since checkpoint 5, behind a file of checkpoint 4"));
}

}  // namespace
}  // namespace cairn
