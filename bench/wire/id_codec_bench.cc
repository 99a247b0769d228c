// WriteIds and ReadIds on the ids of a batch: distinct hashes, cut into 64 partitions. Beside the
// time for each id the counters give the bytes for each, and the bound of information theory:
// log2(binomial(2^64, ids)) / 8 / ids.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/hash.h"
#include "wire/id_codec.h"

namespace cairn {
namespace {

constexpr int kPartitionBits = 6;

struct Batch {
  explicit Batch(size_t count) {
    for (size_t i = 0; i < count; ++i) ids.push_back(Mix64(i + 1));
    std::sort(ids.begin(), ids.end());
    for (auto begin = ids.begin(); begin != ids.end();) {
      const uint64_t partition = *begin >> (64 - kPartitionBits);
      const auto end = std::partition_point(
          begin, ids.end(), [&](uint64_t id) { return id >> (64 - kPartitionBits) == partition; });
      lists.emplace_back(begin, end);
      begin = end;
    }
  }

  double BoundBytes() const {
    const auto count = static_cast<double>(ids.size());
    return (64 - std::log2(count) + std::log2(std::exp(1.0))) / 8;
  }

  std::vector<uint64_t> ids;
  IdLists lists;
};

void Report(benchmark::State& state, const Batch& batch, size_t bytes) {
  const auto count = static_cast<double>(batch.ids.size());
  state.counters["ns_per_id"] = benchmark::Counter(
      count * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_id"] = static_cast<double>(bytes) / count;
  state.counters["bound_bytes"] = batch.BoundBytes();
}

void WriteIdsOf(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  std::vector<std::byte> bytes;
  for (auto _ : state) {
    bytes.clear();
    ByteWriter out(&bytes);
    WriteIds(batch.lists, &out);
    benchmark::DoNotOptimize(bytes.data());
  }
  Report(state, batch, bytes.size());
}

void ReadIdsOf(benchmark::State& state) {
  const Batch batch(static_cast<size_t>(state.range(0)));
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteIds(batch.lists, &out);
  std::vector<uint64_t> ids(batch.ids.size());
  for (auto _ : state) {
    ByteReader in(bytes);
    benchmark::DoNotOptimize(ReadIds(&in, ids.size(), ids.data()).ok());
    benchmark::DoNotOptimize(ids.data());
  }
  Report(state, batch, bytes.size());
}

BENCHMARK(WriteIdsOf)->Name("WriteIds")->ArgName("ids")->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(ReadIdsOf)->Name("ReadIds")->ArgName("ids")->Arg(1'000)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace cairn
