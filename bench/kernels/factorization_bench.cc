// Kernels of sparse models on packed rows, one thread. ns_per_feature is for each feature of each
// row; of_limit is the speed of a loop that only loads those rows, or loads, changes and stores
// them, in the same order with the same vectors, measured in turn: 1 would be perfect.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/prefetch.h"
#include "in_turn.h"
#include "kernels/factorization.h"
#include "kernels/field_bag.h"
#include "kernels/field_factorization.h"
#include "kernels/linear.h"
#include "zipf_keys.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../bench/kernels/factorization_bench.cc"
#include <hwy/foreach_target.h>  // Before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kAhead = 16;

// Adds up the rows of all features; what is left over of a vector is not read.
float LoadRows(const std::vector<uint32_t>& indices, const float* rows, size_t width) {
  const hn::CappedTag<float, 16> tag;
  const size_t lanes = hn::Lanes(tag);
  auto sum = hn::Zero(tag);
  for (size_t k = 0; k < indices.size(); ++k) {
    if (k + kAhead < indices.size()) Prefetch(rows + indices[k + kAhead] * width);
    const float* const row = rows + indices[k] * width;
    for (size_t f = 0; f + lanes <= width; f += lanes) sum = hn::Add(sum, hn::LoadU(tag, row + f));
  }
  return hn::GetLane(sum);
}

// Adds 1 to them.
float ChangeRows(const std::vector<uint32_t>& indices, float* rows, size_t width) {
  const hn::CappedTag<float, 16> tag;
  const size_t lanes = hn::Lanes(tag);
  const auto one = hn::Set(tag, 1.0f);
  for (size_t k = 0; k < indices.size(); ++k) {
    if (k + kAhead < indices.size()) PrefetchForWrite(rows + indices[k + kAhead] * width);
    float* const row = rows + indices[k] * width;
    for (size_t f = 0; f + lanes <= width; f += lanes) {
      hn::StoreU(hn::Add(hn::LoadU(tag, row + f), one), tag, row + f);
    }
  }
  return rows[0];
}

}  // namespace
}  // namespace cairn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {
namespace {

HWY_EXPORT(LoadRows);
HWY_EXPORT(ChangeRows);

constexpr size_t kRows = 4096;
constexpr size_t kLength = 39;
constexpr size_t kUniform = 32'768;
constexpr size_t kInMemory = 15'800'000;  // 1 GiB of rows of 17 floats.

enum class Keys : int64_t { kZipf, kUniform, kInMemory };

struct Batch {
  explicit Batch(Keys keys, size_t row_length = kLength) : length(row_length) {
    const size_t rows = keys == Keys::kInMemory ? 8 * kRows : kRows;
    for (size_t row = 0; row <= rows; ++row) offsets.push_back(static_cast<uint32_t>(row * length));
    std::unordered_map<uint64_t, uint32_t> local;
    for (size_t k = 0; k < rows * length; ++k) {
      fields.push_back(static_cast<uint16_t>(k % length));
      if (keys == Keys::kInMemory) {
        indices.push_back(static_cast<uint32_t>(Mix64(k) % kInMemory));
      } else {
        const uint64_t key = keys == Keys::kZipf ? ZipfKey(k) : Mix64(k) % kUniform;
        indices.push_back(local.emplace(key, local.size()).first->second);
      }
    }
    distinct = keys == Keys::kInMemory ? kInMemory : local.size();
  }
  LinearBatch view() const { return {offsets, indices, {}}; }
  // The k-th feature of each row is of field k.
  FieldBags by_field() const { return {view(), fields, static_cast<uint32_t>(length)}; }

  size_t length;
  std::vector<uint32_t> offsets, indices;
  std::vector<uint16_t> fields;  // One feature of each in every row.
  size_t distinct = 0;
};

// Both calls are for the whole batch.
template <typename Limit, typename Work>
void Measure(benchmark::State& state, const Batch& batch, const Limit& limit, const Work& work) {
  const InTurn took = MeasureInTurn(work, [&] { benchmark::DoNotOptimize(limit()); });
  for (auto _ : state) work();
  const auto features = static_cast<double>(batch.indices.size());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * batch.indices.size()));
  state.counters["ns_per_feature"] = took.work / features;
  state.counters["limit_ns"] = took.limit / features;
  state.counters["of_limit"] = took.of_limit();
}

struct Model {
  Model(const Batch& batch, uint32_t dimensions)
      : dim(dimensions),
        rows(batch.distinct * (dim + 1), 0.125f),
        gradients(rows.size()),
        margins(batch.view().rows(), 0.5f),
        sums(margins.size() * dim) {}
  uint32_t dim;
  std::vector<float> rows, gradients;
  std::vector<float> margins, sums;
};

void FactorizationForward(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  Model model(batch, static_cast<uint32_t>(state.range(1)));
  const auto limit = [&] {
    return HWY_DYNAMIC_DISPATCH(LoadRows)(batch.indices, model.rows.data(), model.dim + 1);
  };
  Measure(state, batch, limit, [&] {
    FactorizationForward(batch.view(), {model.rows, model.dim}, 0, model.margins, model.sums);
  });
}

void FactorizationGradient(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  Model model(batch, static_cast<uint32_t>(state.range(1)));
  std::vector<uint32_t> each(batch.distinct);
  std::iota(each.begin(), each.end(), 0);
  const auto limit = [&] {
    std::fill(model.gradients.begin(), model.gradients.end(), 0.0f);
    return HWY_DYNAMIC_DISPATCH(LoadRows)(each, model.rows.data(), model.dim + 1) +
           HWY_DYNAMIC_DISPATCH(ChangeRows)(batch.indices, model.gradients.data(), model.dim + 1);
  };
  Measure(state, batch, limit, [&] {
    FactorizationGradient(batch.view(), {model.rows, model.dim}, model.sums, model.margins,
                          model.gradients);
  });
}

// Rows of a vector for each field: all pairs of a row together read each of its features' rows
// once.
struct FieldModel : Model {
  FieldModel(const Batch& batch, uint32_t dimensions)
      : Model(batch, static_cast<uint32_t>(dimensions * batch.length)),
        fields(static_cast<uint32_t>(batch.length)),
        field_dim(dimensions) {}
  FieldFactors factors() const { return {rows, fields, field_dim}; }
  uint32_t fields, field_dim;
};

void FieldFactorizationForward(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)), static_cast<size_t>(state.range(2)));
  FieldModel model(batch, static_cast<uint32_t>(state.range(1)));
  const auto limit = [&] {
    return HWY_DYNAMIC_DISPATCH(LoadRows)(batch.indices, model.rows.data(), model.dim + 1);
  };
  Measure(state, batch, limit, [&] {
    FieldFactorizationForward({batch.view(), batch.fields}, model.factors(), 0, model.margins);
  });
}

void FieldFactorizationGradient(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)), static_cast<size_t>(state.range(2)));
  FieldModel model(batch, static_cast<uint32_t>(state.range(1)));
  const auto limit = [&] {
    std::fill(model.gradients.begin(), model.gradients.end(), 0.0f);
    return HWY_DYNAMIC_DISPATCH(LoadRows)(batch.indices, model.rows.data(), model.dim + 1) +
           HWY_DYNAMIC_DISPATCH(ChangeRows)(batch.indices, model.gradients.data(), model.dim + 1);
  };
  Measure(state, batch, limit, [&] {
    FieldFactorizationGradient({batch.view(), batch.fields}, model.factors(), model.margins,
                               model.gradients);
  });
}

void FieldBagForward(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  const Model model(batch, static_cast<uint32_t>(state.range(1)));
  std::vector<float> sums(kRows * kLength * model.dim);
  const auto limit = [&] {
    std::fill(sums.begin(), sums.end(), 0.0f);
    return HWY_DYNAMIC_DISPATCH(LoadRows)(batch.indices, model.rows.data(), model.dim + 1);
  };
  Measure(state, batch, limit, [&] {
    FieldBagForward(batch.by_field(), {model.rows, model.dim}, sums);
  });
}

void FieldBagGradient(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  Model model(batch, static_cast<uint32_t>(state.range(1)));
  const std::vector<float> slopes(kRows * kLength * model.dim, 0.5f);
  const auto limit = [&] {
    return HWY_DYNAMIC_DISPATCH(ChangeRows)(batch.indices, model.gradients.data(), model.dim + 1);
  };
  Measure(state, batch, limit,
          [&] { FieldBagGradient(batch.by_field(), model.dim, slopes, model.gradients); });
}

// A row of one weight is a load of four bytes: the limit is a loop that adds them up.
void LinearForward(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  const std::vector<float> weights(batch.distinct, 0.125f);
  std::vector<float> margins(kRows);
  const auto limit = [&] {
    float sums[4] = {};
    for (size_t k = 0; k + 4 <= batch.indices.size(); k += 4) {
      for (size_t i = 0; i < 4; ++i) sums[i] += weights[batch.indices[k + i]];
    }
    return sums[0] + sums[1] + sums[2] + sums[3];
  };
  Measure(state, batch, limit, [&] { LinearForward(batch.view(), weights, 0, margins); });
}

void LinearGradient(benchmark::State& state) {
  const Batch batch(static_cast<Keys>(state.range(0)));
  const std::vector<float> slopes(kRows, 0.5f);
  std::vector<float> gradients(batch.distinct);
  const auto limit = [&] {
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    for (const uint32_t index : batch.indices) gradients[index] += 1;
    return gradients[0];
  };
  Measure(state, batch, limit, [&] { LinearGradient(batch.view(), slopes, gradients); });
}

// keys: of enum Keys.
void Dims(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"keys", "dim"})->ArgsProduct({{0, 1}, {1, 4, 8, 16, 64}});
}
void FieldDims(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"keys", "dim", "fields"})->ArgsProduct({{0, 1}, {4, 8}, {12, kLength}});
}

BENCHMARK(FactorizationForward)->Apply(Dims)->Args({2, 16});
BENCHMARK(FactorizationGradient)->Apply(Dims);
BENCHMARK(FieldFactorizationForward)->Apply(FieldDims);
BENCHMARK(FieldFactorizationGradient)->Apply(FieldDims);
BENCHMARK(FieldBagForward)->Apply(Dims);
BENCHMARK(FieldBagGradient)->Apply(Dims);
BENCHMARK(LinearForward)->ArgName("keys")->Arg(0)->Arg(1);
BENCHMARK(LinearGradient)->ArgName("keys")->Arg(0)->Arg(1);

}  // namespace
}  // namespace cairn
#endif  // HWY_ONCE
