// A whole step of a factorization machine on one thread, from keys to new weights, with nothing
// between its parts: no server, no messages, no reading. The counters are ns for each feature of
// each row: of all, of the parts, and of a loop that touches what a step has to touch, measured in
// turn: a slot for each key, the row of each feature to read it, its gradient to change it, and
// once each distinct row with its gradient and its state.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/hash.h"
#include "base/prefetch.h"
#include "cairn/memory.h"
#include "in_turn.h"
#include "kernels/factorization.h"
#include "kernels/losses.h"
#include "kernels/optimizers.h"
#include "sharding/key_cut.h"
#include "zipf_keys.h"

namespace cairn {
namespace {

constexpr size_t kRows = 4096, kLength = 39, kFeatures = kRows * kLength;
constexpr uint32_t kPartitions = 64;
constexpr size_t kBatches = 8;  // Different ones in turn, so that no branch learns one by heart.
constexpr size_t kAhead = 16;
constexpr int kSlotBits = 17;  // A batch has 54,000 distinct keys.

enum Part { kCut, kForward, kLoss, kGradient, kOptimizer, kParts };
constexpr const char* kNames[] = {"cut", "forward", "loss", "gradient", "optimizer"};

class Step {
 public:
  explicit Step(uint32_t dim)
      : dim_(dim),
        width_(dim + 1),
        margins_(kRows),
        sums_(kRows * dim),
        weights_(kFeatures * width_, 0.01f),
        state_(weights_.size(), 1.0f),
        gradients_(weights_.size()),
        slots_(size_t{1} << kSlotBits) {
    for (size_t b = 0; b < kBatches; ++b) {
      for (size_t k = 0; k < kFeatures; ++k) keys_[b].push_back(ZipfKey(b * kFeatures + k));
    }
    for (size_t row = 0; row <= kRows; ++row) {
      offsets_.push_back(static_cast<uint32_t>(row * kLength));
      if (row < kRows) labels_.push_back(static_cast<float>(Mix64(row) % 2));
    }
  }

  void Run() {
    ++steps_;
    Time(kCut, [&] { cut_ = cutter_.Cut(layout_, keys()); });
    const LinearBatch batch = {offsets_, cut_->inverse, {}};
    const size_t floats = cut_->unique() * width_;
    const FactorRows rows = {{weights_.data(), floats}, dim_};
    Time(kForward, [&] { FactorizationForward(batch, rows, 0, margins_, sums_); });
    Time(kLoss, [&] {
      benchmark::DoNotOptimize(LogisticLossAndGradients(margins_, labels_, {}, margins_));
    });
    Time(kGradient, [&] {
      FactorizationGradient(batch, rows, sums_, margins_, {gradients_.data(), floats});
    });
    Time(kOptimizer, [&] {
      for (size_t at = 0; at < floats; at += width_) {
        Apply(at, 1);  // As tables have them: the weight is a part of its own.
        Apply(at + 1, dim_);
      }
    });
  }

  // What the last step has touched.
  void Touch() {
    std::fill(slots_.begin(), slots_.end(), 0);
    for (const Key key : keys()) ++slots_[Mix64(key) >> (64 - kSlotBits)];
    const std::vector<uint32_t>& indices = cut_->inverse;
    for (size_t k = 0; k < kFeatures; ++k) {
      if (k + kAhead < kFeatures) Prefetch(weights_.data() + indices[k + kAhead] * width_);
      const float* const row = weights_.data() + indices[k] * width_;
      for (size_t f = 0; f < width_; ++f) sums_[f] += row[f];
    }
    const size_t floats = cut_->unique() * width_;
    std::fill_n(gradients_.begin(), floats, 0.0f);
    for (size_t k = 0; k < kFeatures; ++k) {
      if (k + kAhead < kFeatures)
        PrefetchForWrite(gradients_.data() + indices[k + kAhead] * width_);
      float* const row = gradients_.data() + indices[k] * width_;
      for (size_t f = 0; f < width_; ++f) row[f] += 1.0f;
    }
    for (size_t i = 0; i < floats; ++i) {
      state_[i] += gradients_[i] * 1e-3f;
      weights_[i] -= gradients_[i] * 1e-6f;
    }
  }

  double NanosecondsOfPart(Part part) const { return took_[part] / static_cast<double>(steps_); }

 private:
  template <typename Call>
  void Time(Part part, const Call& call) {
    took_[part] += NanosecondsOf(call);
  }
  const std::vector<Key>& keys() const { return keys_[steps_ % kBatches]; }
  void Apply(size_t at, size_t width) {
    optimizer_->Apply({.gradient = {gradients_.data() + at, width},
                       .weights = {weights_.data() + at, width},
                       .state = {state_.data() + at, width},
                       .learning_rate = 0.01f,
                       .prior = 0});
  }

  const uint32_t dim_;
  const size_t width_;
  const TableLayout layout_ = {.salt = HashString("w"), .width = dim_ + 1};
  const std::unique_ptr<RowOptimizer> optimizer_ = MakeRowOptimizer(OptimizerSpec{}, {}).value();
  KeyCutter cutter_{kPartitions};
  std::array<std::vector<Key>, kBatches> keys_;
  std::vector<uint32_t> offsets_;
  std::vector<float> labels_, margins_, sums_;
  std::vector<float> weights_, state_, gradients_;  // [distinct features x width], packed.
  std::shared_ptr<const KeyCut> cut_;
  std::vector<uint32_t> slots_;
  size_t steps_ = 0;
  std::array<double, kParts> took_{};
};

void FactorizationStep(benchmark::State& state) {
  KeepFreedMemory();  // As the programs do.
  Step step(static_cast<uint32_t>(state.range(0)));
  const InTurn took = MeasureInTurn([&] { step.Run(); }, [&] { step.Touch(); });
  for (auto _ : state) step.Run();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kFeatures));
  state.counters["ns_per_feature"] = took.work / kFeatures;
  state.counters["limit_ns"] = took.limit / kFeatures;
  state.counters["of_limit"] = took.of_limit();
  for (size_t part = 0; part < kParts; ++part) {
    state.counters[kNames[part]] = step.NanosecondsOfPart(static_cast<Part>(part)) / kFeatures;
  }
}

BENCHMARK(FactorizationStep)->ArgName("dim")->Arg(8)->Arg(16);

}  // namespace
}  // namespace cairn
