// KeyCutter::Cut on batches as training makes them: a key is given about `keys / unique` times, in
// random order. The rate is that of keys as given.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "sharding/key_cut.h"

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 64;
constexpr size_t kBatches =
    16;  // Different ones in turn, so that no branch learns a batch by heart.

struct Shape {
  size_t keys;
  uint64_t unique;
};

std::vector<std::vector<Key>> MakeBatches(TableSpec::Kind kind, Shape shape) {
  SeededRandom random(1);
  std::vector<std::vector<Key>> batches(kBatches);
  for (std::vector<Key>& batch : batches) {
    batch.resize(shape.keys);
    for (Key& key : batch) {
      key = random.Below(shape.unique);
      if (kind == TableSpec::Kind::kSparse) key = Mix64(key + 1);
    }
  }
  return batches;
}

void CutKeys(benchmark::State& state, TableSpec::Kind kind, Shape shape) {
  const std::vector<std::vector<Key>> batches = MakeBatches(kind, shape);
  const TableLayout layout = {
      .salt = HashString("w"), .width = 8, .kind = kind, .blocks = shape.unique};
  KeyCutter cutter(kPartitions);
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(cutter.Cut(layout, batches[next++ % kBatches]));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(shape.keys));
}

void RegisterCutKeys(const std::string& table, TableSpec::Kind kind, Shape shape) {
  const std::string name = "CutKeys/table:" + table + "/keys:" + std::to_string(shape.keys) +
                           "/unique:" + std::to_string(shape.unique);
  benchmark::RegisterBenchmark(name.c_str(), CutKeys, kind, shape);
}

const bool kRegistered = [] {
  for (const Shape shape : {Shape{1'200, 300}, Shape{12'000, 3'000}, Shape{12'000, 1'000'000},
                            Shape{1'000'000, 200'000}}) {
    RegisterCutKeys("sparse", TableSpec::Kind::kSparse, shape);
  }
  RegisterCutKeys("dense", TableSpec::Kind::kDense, Shape{12'000, 3'000});
  return true;
}();

}  // namespace
}  // namespace cairn
