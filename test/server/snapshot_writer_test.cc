#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "server/snapshot.h"
#include "server/snapshot_codec.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Rows = std::map<std::pair<uint32_t, uint64_t>, std::vector<uint32_t>>;

std::vector<uint32_t> BitsOf(std::span<const float> row) {
  std::vector<uint32_t> bits;
  for (const float word : row) bits.push_back(std::bit_cast<uint32_t>(word));
  return bits;
}

// All rows of the shards, by table and key.
Rows RowsOf(const std::vector<TableShard>& shards) {
  Rows rows;
  for (const TableShard& shard : shards) {
    const TableSchema& schema = shard.schema();
    std::vector<uint64_t> ids;
    shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
    for (const uint64_t id : ids) {
      std::vector<float> row(schema.row_floats());
      REQUIRE(shard.Get(id, row.data()));
      rows[{schema.index(), schema.KeyOf(id)}] = BitsOf(row);
    }
  }
  return rows;
}

Rows RowsOf(const test::SnapshotContent& content) {
  Rows rows;
  for (const auto& [name, row] : content.rows) rows[name] = BitsOf(row);
  return rows;
}

ModelDigest DigestOf(const std::vector<TableShard>& shards) {
  DigestScan scan(&shards);
  while (scan.Step(1'000'000)) {
  }
  return scan.digest();
}

// A random operation on a random table: keys are pushed, or (sparse tables) erased.
void ChangeSomething(uint64_t hash, std::vector<TableShard>* shards, SnapshotWriter* writer) {
  const auto table = static_cast<uint32_t>(hash % shards->size());
  TableShard& shard = (*shards)[table];
  const bool dense = shard.schema().spec().kind == TableSpec::Kind::kDense;
  std::vector<uint64_t> ids;
  for (uint64_t i = 0; i < hash / 8 % 6; ++i) {
    const uint64_t key = HashWords(hash, i) % (dense ? 8 : 300);
    const uint64_t id = shard.schema().IdOf(key);
    if (shard.Owns(id)) ids.push_back(id);
  }
  writer->RowsChanging(table, ids);
  if (!dense && hash / 64 % 3 == 0) {
    for (const uint64_t id : ids) shard.Erase(id);
  } else {
    const auto gradient = static_cast<float>(hash % 7) - 3;
    shard.Apply({}, ids, std::vector<float>(ids.size() * shard.schema().width(), gradient), {});
  }
}

TEST_CASE("A snapshot is the state at its end, whatever happened during the scan",
          "[snapshot_writer]") {
  const uint64_t seed = GENERATE(range(0, 40));
  const size_t slice = 1 + seed % 13;
  const JobSpec job = test::SampleJob(2);
  std::vector<TableShard> shards = test::MakeShards(job, seed % 2);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 200; ++key) keys.push_back(key);
  test::PushKeys(keys, 0.5f, &shards[0]);
  test::PushKeys(keys, 0.5f, &shards[2]);

  std::vector<std::byte> bytes;
  SnapshotWriter writer(test::HeaderOf(job, seed % 2), &shards);
  uint64_t op = 0;
  for (bool more = true; more;) {
    more = writer.ScanSlice(slice, &bytes);
    for (uint64_t i = 0; i < seed % 5; ++i)
      ChangeSomething(HashWords(seed, op++), &shards, &writer);
  }
  writer.Finish({.lsn = op, .streams = {}}, &bytes);

  test::SnapshotContent content;
  SnapshotParser parser(&content);
  REQUIRE(parser.Feed(bytes).ok());
  REQUIRE(parser.Finish().ok());
  CHECK(RowsOf(content) == RowsOf(shards));
  CHECK(content.stamps.lsn == op);
  CHECK(writer.digest() == DigestOf(shards));
  CHECK(writer.rows() == shards[0].rows() + shards[2].rows());
  CHECK(parser.digest() == writer.digest());
  CHECK(parser.rows() == writer.rows());
  if (seed % 5 == 0) CHECK(content.rows_told == RowsOf(shards).size());  // No tail for nothing.
}

// Writes a checkpoint while `changes` random operations come after each slice.
std::vector<std::byte> WriteCheckpoint(SnapshotHeader header, uint64_t seed, uint64_t changes,
                                       std::vector<TableShard>* shards) {
  std::vector<std::byte> bytes;
  SnapshotWriter writer = SnapshotWriter::OfCheckpoint(std::move(header), shards);
  uint64_t op = 0;
  for (bool more = true; more;) {
    more = writer.ScanSlice(1 + seed % 13, &bytes);
    for (uint64_t i = 0; i < changes; ++i) ChangeSomething(HashWords(seed, op++), shards, &writer);
  }
  writer.Finish({.lsn = seed, .streams = {}}, &bytes);
  return bytes;
}

TEST_CASE("Increments lead to the state at their end, whatever happened during their scans",
          "[snapshot_writer]") {
  const uint64_t seed = GENERATE(range(0, 40));
  const JobSpec job = test::SampleJob(2);
  std::vector<TableShard> shards = test::MakeShards(job, seed % 2);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 200; ++key) keys.push_back(key);
  test::PushKeys(keys, 0.5f, &shards[0]);
  test::PushKeys(keys, 0.5f, &shards[2]);
  test::SnapshotContent content;
  SnapshotHeader header = test::HeaderOf(job, seed % 2);
  for (uint64_t checkpoint = 1; checkpoint <= 6; ++checkpoint) {
    header.since = checkpoint == 1 ? 0 : checkpoint - 1;
    header.checkpoint = checkpoint;
    const uint64_t each = HashWords(seed, checkpoint);
    const std::vector<std::byte> bytes = WriteCheckpoint(header, each, seed % 5, &shards);
    REQUIRE(test::ParseSnapshot(bytes, 100, &content).ok());
    CHECK(content.header.since == header.since);
    CHECK(RowsOf(content) == RowsOf(shards));
    // Between this one and the next.
    SnapshotWriter nobody(test::HeaderOf(job, seed % 2), &shards);
    for (uint64_t i = 0; i < 3; ++i) ChangeSomething(HashWords(each, i, 1), &shards, &nobody);
  }
}

TEST_CASE("An increment has what changed, and nothing else", "[snapshot_writer]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 1'000; ++key) keys.push_back(key);
  test::PushKeys(keys, 1.0f, &shards[2]);
  SnapshotHeader header = test::HeaderOf(job, 0);
  CHECK(shards[2].erased() == nullptr);
  CHECK(WriteCheckpoint(header, 1, 0, &shards).size() > 10'000);
  const auto id = [&](uint64_t key) { return shards[2].schema().IdOf(key); };
  test::PushKeys(std::vector<uint64_t>{5, 6, 7}, 2.0f, &shards[2]);
  test::PushKeys(std::vector<uint64_t>{3}, 2.0f, &shards[1]);
  shards[2].Erase(id(7));
  shards[2].Erase(id(8));
  shards[2].Erase(id(9));
  test::PushKeys(std::vector<uint64_t>{9}, 2.0f, &shards[2]);  // It is back.
  // A model that is saved meanwhile takes nothing away.
  CHECK(test::SnapshotOf(job, 0, &shards).size() > 10'000);
  header.since = header.checkpoint;
  header.checkpoint += 1;
  const std::vector<std::byte> bytes = WriteCheckpoint(header, 1, 0, &shards);
  CHECK(bytes.size() < 1'000);
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(bytes, 100, &content).ok());
  CHECK(content.rows_told == 1 + 3);
  CHECK(content.rows.contains({1, 3}));
  CHECK(content.rows.contains({2, 5}));
  CHECK(content.rows.contains({2, 6}));
  CHECK(content.rows.contains({2, 9}));
  CHECK(content.erased_told == 2);
  header.since += 1;
  header.checkpoint += 1;
  test::SnapshotContent nothing;
  REQUIRE(test::ParseSnapshot(WriteCheckpoint(header, 1, 0, &shards), 100, &nothing).ok());
  CHECK(nothing.rows_told == 0);
  CHECK(nothing.erased_told == 0);
}

TEST_CASE("A slice of wide rows is short, however many are asked for", "[snapshot_writer]") {
  JobSpec job;
  job.partitions = 1;
  job.tables.resize(1);
  job.tables[0].name = "wide";
  job.tables[0].parts[0].width = 4'096;
  job.tables[0].parts[0].optimizer.name = "sgd";
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  const std::vector<float> row(shards[0].schema().row_floats());
  for (uint64_t key = 0; key < 50; ++key) shards[0].Put(shards[0].schema().IdOf(key), row);
  SnapshotWriter writer(test::HeaderOf(job, 0), &shards);
  size_t slices = 1, written = 0, largest = 0;
  for (std::vector<std::byte> bytes; writer.ScanSlice(SIZE_MAX, &bytes); bytes.clear()) {
    ++slices;
    written += bytes.size();
    largest = std::max(largest, bytes.size());
  }
  CHECK(slices >= 10);
  CHECK(written > 30 * row.size() * sizeof(float));
  CHECK(largest <= 6 * row.size() * sizeof(float));
}

TEST_CASE("A scan for what changed goes on in slices, over rows that did not",
          "[snapshot_writer]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 5'000; ++key) keys.push_back(key);
  test::PushKeys(keys, 1.0f, &shards[2]);
  SnapshotHeader header = test::HeaderOf(job, 0);
  WriteCheckpoint(header, 1, 0, &shards);
  header.since = header.checkpoint++;
  SnapshotWriter writer = SnapshotWriter::OfCheckpoint(header, &shards);
  std::vector<std::byte> bytes;
  size_t slices = 1;
  while (writer.ScanSlice(10, &bytes)) ++slices;
  CHECK(slices > 5'000 / 10 / 20);
  CHECK(slices < 5'000 / 10 / 10);
}

TEST_CASE("Only what changes behind the scan is written again", "[snapshot_writer]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  test::PushKeys(std::vector<uint64_t>{1, 2, 3, 4, 5, 6, 7, 8}, 1.0f, &shards[2]);
  std::vector<uint64_t> ids;
  shards[2].IdsInRange(0, ~uint64_t{0}, 10, &ids);
  std::vector<std::byte> bytes;
  SnapshotWriter writer(test::HeaderOf(job, 0), &shards);
  REQUIRE(writer.ScanSlice(8 + 4, &bytes));  // 8 dense blocks and half of the keys.
  for (int i = 0; i < 3; ++i) {
    writer.RowsChanging(2, ids);
    shards[2].Apply({}, ids, std::vector<float>(8, 1.0f), {});
  }
  REQUIRE_FALSE(writer.ScanSlice(100, &bytes));
  writer.Finish({}, &bytes);
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(bytes, 100, &content).ok());
  CHECK(content.rows_told == 8 + 8 + 4);
  CHECK(content.erased_told == 0);
  CHECK(RowsOf(content) == RowsOf(shards));
}

TEST_CASE("The header says what the file is", "[snapshot_writer]") {
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(test::SampleSnapshot(), 1 << 20, &content).ok());
  JobSpec job = test::SampleJob(2);
  job.tables[2].retention = test::SampleRetention();
  CHECK(content.header.job == "job");
  CHECK(content.header.checkpoint == 3);
  CHECK(content.header.generation == 8);
  CHECK(content.header.seed == job.seed);
  CHECK(content.header.partition == 1);
  CHECK(content.header.partitions == 2);
  CHECK(content.header.tables == job.tables);
  CHECK(content.header.state_floats == std::vector<std::vector<uint32_t>>{{2, 1}, {4}, {0}});
  CHECK(content.stamps ==
        SnapshotStamps{4, 99, 0, {{5, 1, 77}, {6, 0, 12}}, {{5, 8, 6, 80}, {5, 16, 15, 78}}});
  CHECK(content.erased_told == 1);
}

TEST_CASE("The rows of a model are the same in any number of partitions", "[snapshot_writer]") {
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 300; ++key) keys.push_back(key * key);
  std::map<uint32_t, Rows> by_partitions;
  for (const uint32_t partitions : {1u, 4u}) {
    const JobSpec job = test::SampleJob(partitions);
    test::SnapshotContent content;  // Of all partitions together.
    for (uint32_t p = 0; p < partitions; ++p) {
      std::vector<TableShard> shards = test::MakeShards(job, p);
      test::PushKeys(keys, 0.5f, &shards[0]);
      REQUIRE(test::ParseSnapshot(test::SnapshotOf(job, p, &shards), 4096, &content).ok());
    }
    by_partitions[partitions] = RowsOf(content);
  }
  CHECK(by_partitions[1].size() == 300 + 8);
  CHECK(by_partitions[1] == by_partitions[4]);
}

// The sizes of all blocks.
std::vector<size_t> BlockSizes(std::span<const std::byte> bytes) {
  std::vector<size_t> sizes;
  while (!bytes.empty()) {
    uint32_t payload = 0;
    std::memcpy(&payload, bytes.data() + 12, sizeof(payload));
    sizes.push_back(snapshot::kBlockHeaderBytes + payload + snapshot::kBlockCrcBytes);
    bytes = bytes.subspan(sizes.back());
  }
  return sizes;
}

TEST_CASE("Blocks keep to their size, however many rows a slice has", "[snapshot_writer]") {
  const JobSpec job = test::SampleJob(1);
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  std::vector<uint64_t> keys;
  for (uint64_t key = 0; key < 40'000; ++key) keys.push_back(key);
  test::PushKeys(keys, 1.0f, &shards[2]);
  SnapshotStamps stamps;
  for (StreamId stream = 0; stream < 40'000; ++stream) stamps.streams.push_back({stream, 1, 2});
  for (StreamId stream = 0; stream < 40'000; ++stream) stamps.ahead.push_back({stream, 2, 1, 3});
  std::vector<std::byte> bytes;
  SnapshotWriter writer(test::HeaderOf(job, 0), &shards);
  while (writer.ScanSlice(SIZE_MAX, &bytes)) {
  }
  std::vector<uint64_t> ids;
  shards[2].IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
  writer.RowsChanging(2, ids);
  for (const uint64_t id : ids) shards[2].Erase(id);
  writer.Finish(stamps, &bytes);
  const std::vector<size_t> sizes = BlockSizes(bytes);
  CHECK(*std::max_element(sizes.begin(), sizes.end()) <= snapshot::kBlockBytesMax);
  CHECK(*std::max_element(sizes.begin(), sizes.end()) > snapshot::kBlockBytesMax - 100);
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(bytes, 10'000, &content).ok());
  CHECK(content.rows.size() == 8);
  CHECK(content.erased_told == 40'000);
  CHECK(content.stamps == stamps);
}

TEST_CASE("A row that is longer than a block has a block of its own", "[snapshot_writer]") {
  JobSpec job;
  job.partitions = 1;
  job.tables = {{.name = "wide",
                 .parts = {{.width = 65'536, .optimizer = {.name = "adam"}, .initializer = {}}}}};
  std::vector<TableShard> shards = test::MakeShards(job, 0);
  test::PushKeys(std::vector<uint64_t>{1, 2, 3}, 1.0f, &shards[0]);
  const std::vector<std::byte> bytes = test::SnapshotOf(job, 0, &shards);
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(bytes, 1 << 20, &content).ok());
  CHECK(RowsOf(content) == RowsOf(shards));
  CHECK(BlockSizes(bytes).size() == 2 + 3 + 2);
}

std::vector<std::byte> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(chars.size());
  std::memcpy(bytes.data(), chars.data(), chars.size());
  return bytes;
}

// The bytes of a version never change. A new version gets a new file and a new line in
// doc/snapshot_format.md; CAIRN_WRITE_GOLDEN=1 writes it.
TEST_CASE("The format's bytes are those of the golden file", "[snapshot_writer][golden]") {
  const std::string path = CAIRN_SOURCE_DIR "/test/server/golden/snapshot_v5.bin";
  const std::vector<std::byte> bytes = test::SampleSnapshot();
  if (std::getenv("CAIRN_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  }
  const std::vector<std::byte> golden = ReadFile(path);
  REQUIRE_FALSE(golden.empty());
  CHECK(golden == bytes);
  test::SnapshotContent content;
  CHECK(test::ParseSnapshot(golden, 64, &content).ok());
}

TEST_CASE("Files of every former version that is read say the same", "[snapshot_writer][golden]") {
  test::SnapshotContent now;
  REQUIRE(test::ParseSnapshot(test::SampleSnapshot(), 64, &now).ok());
  const std::string version = GENERATE("v3", "v4");
  const std::vector<std::byte> file =
      ReadFile(CAIRN_SOURCE_DIR "/test/server/golden/snapshot_" + version + ".bin");
  test::SnapshotContent then;
  REQUIRE(test::ParseSnapshot(file, 64, &then).ok());
  CHECK(then.header.since == 0);
  CHECK(then.header.tables == now.header.tables);
  CHECK(then.header.schema_hash == now.header.schema_hash);
  CHECK(RowsOf(then) == RowsOf(now));
  CHECK(then.retentions == now.retentions);
  CHECK(then.sketches == now.sketches);
  CHECK(then.stamps.streams == now.stamps.streams);
  CHECK(then.stamps.ahead.empty());  // There was no such thing.
}

}  // namespace
}  // namespace cairn
