// TableShard::Read and Apply on one shard of `rows` rows, with batches of random keys as a
// worker's record brings them. The time is that of one key ("ns/key"); where the rows do not fit
// into the cache it is the price of the memory's misses.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "base/hash.h"
#include "cairn/job.h"
#include "server/table_shard.h"

namespace cairn {
namespace {

constexpr size_t kBatches = 64;  // Different ones in turn, so that no batch stays in the cache.

TableSpec MakeTable(uint32_t width) {
  TableSpec table;
  table.name.assign("bench");
  table.parts.resize(1);
  table.parts[0].width = width;
  table.parts[0].optimizer.l2 = 1;
  if (width > 1) table.parts[0].initializer = {InitializerSpec::Kind::kNormal, 0.1f};
  return table;
}

// A shard with keys 0 .. rows - 1; made once for each shape, because filling takes seconds.
TableShard* ShardOf(uint32_t width, uint64_t rows) {
  static std::map<std::tuple<uint32_t, uint64_t>, std::unique_ptr<TableShard>> shards;
  std::unique_ptr<TableShard>& shard = shards[{width, rows}];
  if (shard != nullptr) return shard.get();
  JobSpec job;
  job.partitions = 1;
  job.tables = {MakeTable(width)};
  shard = std::make_unique<TableShard>(TableSchema::Make(job, 0, {}).value(), 0);
  const std::vector<float> gradient(width, 0.5f);
  for (uint64_t key = 0; key < rows; ++key) {
    const uint64_t id = shard->schema().IdOf(key);
    shard->Apply({}, {&id, 1}, gradient, {});
  }
  return shard.get();
}

std::vector<std::vector<uint64_t>> MakeBatches(const TableShard& shard, size_t keys,
                                               uint64_t rows) {
  std::vector<std::vector<uint64_t>> batches(kBatches, std::vector<uint64_t>(keys));
  uint64_t draw = 0;
  for (std::vector<uint64_t>& batch : batches) {
    for (uint64_t& id : batch) id = shard.schema().IdOf(Mix64(++draw) % rows);
  }
  return batches;
}

void ReportPerKey(benchmark::State& state, size_t keys) {
  const auto done = static_cast<double>(state.iterations()) * static_cast<double>(keys);
  state.counters["ns/key"] =
      benchmark::Counter(done * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void TablePull(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto keys = static_cast<size_t>(state.range(1));
  const auto rows = static_cast<uint64_t>(state.range(2));
  const TableShard& shard = *ShardOf(width, rows);
  const auto batches = MakeBatches(shard, keys, rows);
  std::vector<float> weights(keys * width);
  size_t batch = 0;
  for (auto _ : state) {
    shard.Read(batches[batch++ % kBatches], TableShard::Missing::kInitial, weights.data());
    benchmark::DoNotOptimize(weights.data());
  }
  ReportPerKey(state, keys);
}

void TablePush(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto keys = static_cast<size_t>(state.range(1));
  const auto rows = static_cast<uint64_t>(state.range(2));
  TableShard& shard = *ShardOf(width, rows);
  const auto batches = MakeBatches(shard, keys, rows);
  const std::vector<float> gradients(keys * width, 0.01f);
  const std::vector<uint32_t> counts(keys, 2);
  size_t batch = 0;
  for (auto _ : state) shard.Apply({}, batches[batch++ % kBatches], gradients, counts);
  ReportPerKey(state, keys);
}

// Rows appear: what the first epoch pays for, growth included.
void TableCreate(benchmark::State& state) {
  const auto width = static_cast<uint32_t>(state.range(0));
  const auto rows = static_cast<uint64_t>(state.range(1));
  JobSpec job;
  job.partitions = 1;
  job.tables = {MakeTable(width)};
  const auto schema = TableSchema::Make(job, 0, {}).value();
  constexpr uint64_t kKeys = 10'000;
  const std::vector<float> gradients(kKeys * width, 0.5f);
  std::vector<uint64_t> ids(kKeys);
  for (auto _ : state) {
    TableShard shard(schema, 0);
    for (uint64_t key = 0; key < rows;) {
      for (uint64_t& id : ids) id = schema->IdOf(key++);
      shard.Apply({}, ids, gradients, {});
    }
    benchmark::DoNotOptimize(shard.rows());
  }
  ReportPerKey(state, rows);
}

BENCHMARK(TablePull)
    ->ArgNames({"width", "keys", "rows"})
    ->ArgsProduct({{1, 8, 16}, {10'000}, {10'000, 1'000'000, 10'000'000}});
BENCHMARK(TablePush)
    ->ArgNames({"width", "keys", "rows"})
    ->ArgsProduct({{1, 8, 16}, {10'000}, {10'000, 1'000'000, 10'000'000}});
BENCHMARK(TableCreate)->ArgNames({"width", "rows"})->Args({1, 1'000'000})->Args({8, 1'000'000});

}  // namespace
}  // namespace cairn
