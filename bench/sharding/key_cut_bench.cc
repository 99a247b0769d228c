// KeyCutter::Cut on batches as training makes them: a key is given about `keys / unique` times, in
// random order, or few of them often, as Zipf has it. ns_per_key is for each key as given;
// times_sort is how much longer it takes to sort the keys with their positions, and to say of each
// position which of the distinct ones it has, measured in turn.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "in_turn.h"
#include "sharding/key_cut.h"
#include "zipf_keys.h"

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 64;
constexpr size_t kBatches =
    16;  // Different ones in turn, so that no branch learns a batch by heart.

struct Shape {
  size_t keys;
  uint64_t unique;  // 0: as Zipf has it.
};

std::vector<std::vector<Key>> MakeBatches(TableSpec::Kind kind, Shape shape) {
  SeededRandom random(1);
  std::vector<std::vector<Key>> batches(kBatches);
  for (std::vector<Key>& batch : batches) {
    batch.resize(shape.keys);
    for (Key& key : batch) {
      key = shape.unique == 0 ? ZipfKey(random.Next()) : random.Below(shape.unique);
      if (kind == TableSpec::Kind::kSparse) key = Mix64(key + 1);
    }
  }
  return batches;
}

// The distinct keys, and of each key which one it is.
void SortKeys(const std::vector<Key>& keys, std::vector<std::pair<Key, uint32_t>>* sorted,
              std::vector<Key>* unique, std::vector<uint32_t>* inverse) {
  sorted->resize(keys.size());
  inverse->resize(keys.size());
  unique->clear();
  for (size_t i = 0; i < keys.size(); ++i) (*sorted)[i] = {keys[i], static_cast<uint32_t>(i)};
  std::sort(sorted->begin(), sorted->end());
  for (const auto& [key, position] : *sorted) {
    if (unique->empty() || unique->back() != key) unique->push_back(key);
    (*inverse)[position] = static_cast<uint32_t>(unique->size() - 1);
  }
}

void CutKeys(benchmark::State& state, TableSpec::Kind kind, Shape shape) {
  const std::vector<std::vector<Key>> batches = MakeBatches(kind, shape);
  const TableLayout layout = {
      .salt = HashString("w"), .width = 8, .kind = kind, .blocks = shape.unique};
  KeyCutter cutter(kPartitions);
  size_t next = 0;
  const auto cut = [&] {
    benchmark::DoNotOptimize(cutter.Cut(layout, batches[next++ % kBatches]));
  };
  std::vector<std::pair<Key, uint32_t>> sorted;
  std::vector<Key> unique;
  std::vector<uint32_t> inverse;
  const InTurn took =
      MeasureInTurn(cut, [&] { SortKeys(batches[next % kBatches], &sorted, &unique, &inverse); });
  for (auto _ : state) cut();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(shape.keys));
  state.counters["ns_per_key"] = took.work / static_cast<double>(shape.keys);
  state.counters["times_sort"] = took.limit / took.work;
}

void RegisterCutKeys(const std::string& table, TableSpec::Kind kind, Shape shape) {
  const std::string name = "CutKeys/table:" + table + "/keys:" + std::to_string(shape.keys) +
                           "/unique:" + (shape.unique == 0 ? "zipf" : std::to_string(shape.unique));
  benchmark::RegisterBenchmark(name.c_str(), CutKeys, kind, shape);
}

const bool kRegistered = [] {
  for (const Shape shape : {Shape{1'200, 300}, Shape{12'000, 3'000}, Shape{12'000, 1'000'000},
                            Shape{159'744, 0}, Shape{1'000'000, 200'000}}) {
    RegisterCutKeys("sparse", TableSpec::Kind::kSparse, shape);
  }
  RegisterCutKeys("dense", TableSpec::Kind::kDense, Shape{12'000, 3'000});
  return true;
}();

}  // namespace
}  // namespace cairn
