// Small snapshots, and a sink that keeps what it is told, for tests of whoever reads or writes
// them. Header only: the programs that include it link cairn_server.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cairn/job.h"
#include "server/snapshot.h"
#include "server/table_schema.h"
#include "server/table_shard.h"

namespace cairn::test {

// A sparse table of two parts with different state, a dense one, a sparse one without state.
inline JobSpec SampleJob(uint32_t partitions) {
  PartSpec linear{.width = 1, .optimizer = {.name = "ftrl", .l1 = 0.5f}, .initializer = {}};
  PartSpec factors{.width = 3,
                   .optimizer = {.name = "rowwise_adagrad", .l2 = 0.25f},
                   .initializer = {InitializerSpec::Kind::kNormal, 0.1f}};
  PartSpec block{.width = 4,
                 .optimizer = {.name = "adagrad"},
                 .initializer = {InitializerSpec::Kind::kConstant, 0.5f}};
  PartSpec counter{.width = 1, .optimizer = {.name = "sum"}, .initializer = {}};
  JobSpec job;
  job.seed = 11;
  job.partitions = partitions;
  job.tables = {{.name = "fm", .parts = {linear, factors}},
                {.name = "dense",
                 .kind = TableSpec::Kind::kDense,
                 .parts = {block},
                 .dense_size = 30,
                 .reduction = TableSpec::Reduction::kMean},
                {.name = "counts", .parts = {counter}}};
  return job;
}

inline std::vector<TableShard> MakeShards(const JobSpec& job, uint32_t partition) {
  std::vector<TableShard> shards;
  for (uint32_t table = 0; table < job.tables.size(); ++table) {
    shards.emplace_back(TableSchema::Make(job, table, {}).value(), partition);
  }
  return shards;
}

// Applies one step with a gradient of `gradient` to each of the keys that the shard owns.
inline void PushKeys(std::span<const uint64_t> keys, float gradient, TableShard* shard) {
  std::vector<uint64_t> ids;
  for (const uint64_t key : keys) {
    if (shard->Owns(shard->schema().IdOf(key))) ids.push_back(shard->schema().IdOf(key));
  }
  const std::vector<float> gradients(ids.size() * shard->schema().width(), gradient);
  shard->Apply({}, ids, gradients, {});
}

inline SnapshotHeader HeaderOf(const JobSpec& job, uint32_t partition) {
  SnapshotHeader header;
  header.job = job.name;
  header.checkpoint = 3;
  header.generation = 8;
  header.partition = partition;
  header.partitions = job.partitions;
  header.tables = job.tables;
  return header;
}

// The whole snapshot of shards that nobody changes meanwhile.
inline std::vector<std::byte> SnapshotOf(const JobSpec& job, uint32_t partition,
                                         std::vector<TableShard>* shards,
                                         const SnapshotStamps& stamps = {}) {
  std::vector<std::byte> bytes;
  SnapshotWriter writer(HeaderOf(job, partition), shards);
  while (writer.ScanSlice(1000, &bytes)) {
  }
  writer.Finish(stamps, &bytes);
  return bytes;
}

// Of the job of SampleSnapshot: the table of counts admits, expires and has a budget.
inline RetentionSpec SampleRetention() {
  return {.admit_count = 2,
          .admit_probability = 1,
          .sketch_bytes = uint64_t{64} << 10,
          .expire_steps = 50,
          .expire_below = 0.5f,
          .bytes_max = uint64_t{1} << 20};
}

// A snapshot with every kind of block: rows of three tables, a tail with a change and a removal,
// a sketch that knows a key without a row, two streams, rows ahead of one. Always the same bytes.
inline std::vector<std::byte> SampleSnapshot() {
  JobSpec job = SampleJob(2);
  job.tables[2].retention = SampleRetention();
  std::vector<TableShard> shards = MakeShards(job, 1);
  PushKeys(std::vector<uint64_t>{0, 1, 2, 3, ~uint64_t{0}}, 1.0f, &shards[0]);
  PushKeys(std::vector<uint64_t>{2, 3}, -1.0f, &shards[1]);
  PushKeys(std::vector<uint64_t>{7, 8, 9, 10, 11, 12, 13, 14}, 2.0f, &shards[2]);
  shards[2].Sweep();
  PushKeys(std::vector<uint64_t>{7, 8, 9, 10, 11, 12}, 2.0f, &shards[2]);
  std::vector<std::byte> bytes;
  SnapshotWriter writer(HeaderOf(job, 1), &shards);
  while (writer.ScanSlice(3, &bytes)) {
  }
  std::vector<uint64_t> ids;
  shards[2].IdsInRange(0, ~uint64_t{0}, 2, &ids);
  writer.RowsChanging(2, ids);
  shards[2].Erase(ids[0]);
  shards[2].Apply({}, std::span(ids).subspan(1), std::vector<float>(ids.size() - 1, 5.0f), {});
  writer.Finish({.closed = 4,
                 .lsn = 99,
                 .version = 0,
                 .streams = {{5, 1, 77}, {6, 0, 12}},
                 .ahead = {{5, 8, 6, 80}, {5, 16, 15, 78}}},
                &bytes);
  return bytes;
}

// What a snapshot leads to.
class SnapshotContent final : public SnapshotSink {
 public:
  absl::Status OnHeader(const SnapshotHeader& h) override {
    header = h;
    return absl::OkStatus();
  }
  absl::Status OnRow(uint32_t table, uint64_t key, std::span<const float> row) override {
    rows[{table, key}].assign(row.begin(), row.end());
    ++rows_told;
    return absl::OkStatus();
  }
  absl::Status OnErase(uint32_t table, uint64_t key) override {
    rows.erase({table, key});
    ++erased_told;
    return absl::OkStatus();
  }
  absl::Status OnRetention(uint32_t table, const RetentionState& state) override {
    retentions[table] = state;
    return absl::OkStatus();
  }
  absl::Status OnSketch(uint32_t table, uint64_t offset,
                        std::span<const std::byte> counters) override {
    sketches[{table, offset}].assign(counters.begin(), counters.end());
    return absl::OkStatus();
  }
  absl::Status OnStamps(const SnapshotStamps& s) override {
    stamps = s;
    return absl::OkStatus();
  }

  SnapshotHeader header;
  std::map<std::pair<uint32_t, uint64_t>, std::vector<float>> rows;          // By table and key.
  std::map<uint32_t, RetentionState> retentions;                             // By table.
  std::map<std::pair<uint32_t, uint64_t>, std::vector<std::byte>> sketches;  // And by offset.
  SnapshotStamps stamps;
  uint64_t rows_told = 0, erased_told = 0;
};

// Feeds `bytes` in pieces of `piece` bytes.
inline absl::Status ParseSnapshot(std::span<const std::byte> bytes, size_t piece,
                                  SnapshotSink* sink) {
  SnapshotParser parser(sink);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    const absl::Status status = parser.Feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    if (!status.ok()) return status;
  }
  return parser.Finish();
}

}  // namespace cairn::test
