// RowOptimizer::Apply on rows one after the other, as a table's slab has them: weights, then state,
// and gradients beside them. bytes_per_second are those that a row's formula reads and writes;
// of_triad is their rate beside that of a triad, a[i] = b[i] + s c[i], which touches as much
// memory, measured in turn.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "in_turn.h"
#include "kernels/optimizers.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "../bench/kernels/optimizers_bench.cc"
#include <hwy/foreach_target.h>  // Before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// `memory` is a, b and c; what is left over of a vector is not touched.
void Triad(std::span<float> memory) {
  const hn::ScalableTag<float> tag;
  const size_t third = memory.size() / 3;
  float* const a = memory.data();
  const float* const b = a + third;
  const float* const c = b + third;
  const auto factor = hn::Set(tag, 0.5f);
  for (size_t i = 0; i + hn::Lanes(tag) <= third; i += hn::Lanes(tag)) {
    hn::StoreU(hn::MulAdd(factor, hn::LoadU(tag, c + i), hn::LoadU(tag, b + i)), tag, a + i);
  }
}

}  // namespace
}  // namespace cairn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {
namespace {

HWY_EXPORT(Triad);

constexpr size_t kBytesOfTriad = 3 * sizeof(float);  // For each of a.
constexpr size_t kCallBytesMin = size_t{1} << 24;    // Or a clock would be too coarse.

void ApplyRows(benchmark::State& state, const char* name, uint32_t width, size_t footprint) {
  OptimizerSpec spec;
  spec.name = name;
  const std::unique_ptr<RowOptimizer> optimizer = MakeRowOptimizer(spec, {}).value();
  const size_t state_floats = optimizer->StateFloats(width), words = width + state_floats;
  const size_t rows = footprint / (sizeof(float) * (words + width));
  // Rows, then gradients.
  std::vector<float> memory(rows * (words + width), 0.0f);
  const std::span<float> gradients = std::span(memory).subspan(rows * words);
  for (size_t i = 0; i < gradients.size(); ++i) {
    gradients[i] = static_cast<float>(UnitInterval(Mix64(i)) - 0.5);
  }
  for (size_t row = 0; row < rows; ++row) {
    optimizer->InitState({memory.data() + row * words + width, state_floats});
  }
  const size_t times = 1 + kCallBytesMin / footprint;
  const auto apply = [&] {
    for (size_t time = 0; time < times; ++time) {
      for (size_t row = 0; row < rows; ++row) {
        float* const at = memory.data() + row * words;
        optimizer->Apply({.gradient = gradients.subspan(row * width, width),
                          .weights = {at, width},
                          .state = {at + width, state_floats},
                          .learning_rate = 0.01f,
                          .prior = 0});
      }
    }
  };
  std::vector<float> of_triad(memory.size());
  const InTurn took = MeasureInTurn(apply, [&] {
    for (size_t time = 0; time < times; ++time) HWY_DYNAMIC_DISPATCH(Triad)(of_triad);
  });
  for (auto _ : state) apply();
  for (const float value : memory) CAIRN_CHECK(std::isfinite(value));
  const auto per_call = static_cast<double>(times);
  const double bytes = per_call * static_cast<double>(sizeof(float) * rows * (2 * words + width));
  const double triad_bytes = per_call * static_cast<double>(kBytesOfTriad * (memory.size() / 3));
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * static_cast<int64_t>(state.iterations()));
  state.counters["ns_per_row"] = took.work / per_call / static_cast<double>(rows);
  state.counters["triad_gb_s"] = triad_bytes / took.limit;
  state.counters["of_triad"] = bytes / took.work / (triad_bytes / took.limit);
}

const bool kRegistered = [] {
  struct Footprint {
    const char* name;
    size_t bytes;
  };
  for (const Footprint footprint :
       {Footprint{"memory", size_t{256} << 20}, Footprint{"L2", size_t{256} << 10}}) {
    for (const char* const name : {"sgd", "adagrad", "rowwise_adagrad", "ftrl", "adam"}) {
      for (const uint32_t width : {1u, 8u, 16u, 64u}) {
        const std::string title = std::string("ApplyRows/") + name +
                                  "/width:" + std::to_string(width) + "/in:" + footprint.name;
        benchmark::RegisterBenchmark(title.c_str(), ApplyRows, name, width, footprint.bytes);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace cairn
#endif  // HWY_ONCE
