#include "kernels/device_step.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "kernels/bag.h"
#include "kernels/device_backends.h"
#include "kernels/factorization.h"
#include "kernels/losses.h"

namespace cairn {
namespace {

float Uniform(uint64_t seed, uint64_t i) {
  return static_cast<float>(2 * UnitInterval(HashWords(seed, i)) - 1);
}

std::vector<float> Floats(uint64_t seed, size_t count, float scale = 1) {
  std::vector<float> floats(count);
  for (size_t i = 0; i < count; ++i) floats[i] = scale * Uniform(seed, i);
  return floats;
}

// Sparse rows, some without features and some with one twice.
struct Data {
  explicit Data(size_t rows, uint32_t distinct, uint64_t seed) : distinct(distinct) {
    offsets = {0};
    for (size_t row = 0; row < rows; ++row) {
      for (uint64_t k = HashWords(seed, row) % 9; k > 0; --k) {
        indices.push_back(static_cast<uint32_t>(HashWords(seed, row, k) % distinct));
      }
      offsets.push_back(static_cast<uint32_t>(indices.size()));
      labels.push_back(HashWords(seed + 1, row) % 3 == 0 ? 1.0f : 0.0f);
    }
    values = Floats(seed + 2, indices.size());
    weights = Floats(seed + 3, rows);
    for (float& weight : weights) weight += 1.5f;
  }
  StepRows step() const { return {{offsets, indices, values}, labels, weights}; }

  uint32_t distinct;
  std::vector<uint32_t> offsets, indices;
  std::vector<float> values, labels, weights;
};

// Of a step, one after the other.
struct Result {
  StepOutcome outcome;
  std::vector<float> gradients;
};

double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double squares = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    squares += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    norm += double{b[i]} * b[i];
  }
  return std::sqrt(squares / norm);
}

StepLoss LossOf(LossKind kind) {
  if (kind == LossKind::kSquared) return {kind, 0.5f, 3};
  return {kind};
}

struct Factors {
  Data data{200, 60, 5};
  LossKind loss = LossKind::kLogistic;
  size_t dim = 4;
  std::vector<float> table = Floats(6, 60 * 5);

  absl::StatusOr<Result> Run(Slicing slicing, Backend* backend) const {
    Result result;
    const size_t width = 1 + dim, floats = data.distinct * width;
    result.gradients.assign(floats + 1, NAN);  // The bias's last.
    FactorStep step;
    step.rows = data.step();
    step.loss = LossOf(loss);
    step.dim = dim;
    step.table = std::span(table).first(floats);
    step.bias = 0.25f;
    step.gradients = std::span(result.gradients).first(floats);
    step.bias_gradient = &result.gradients.back();
    CAIRN_ASSIGN_OR_RETURN(result.outcome, RunStep(step, slicing, backend));
    return result;
  }
};

struct Network {
  Data data{100, 40, 9};
  bool is_sparse = true;
  LossKind loss = LossKind::kLogistic;
  size_t results = 1;
  static constexpr size_t kWidth = 12, kHidden = 7;
  std::vector<float> inputs = Floats(10, 100 * kWidth);
  std::vector<float> first = Floats(11, 40 * kWidth, 0.5f), first_bias = Floats(12, kWidth);
  std::vector<float> weights1 = Floats(13, kWidth*kHidden), bias1 = Floats(14, kHidden);
  std::vector<float> weights2 = Floats(15, kHidden * 3), bias2 = Floats(16, 3);

  absl::StatusOr<Result> Run(Slicing slicing, Backend* backend) const {
    Result result;
    std::vector<float>& all = result.gradients;
    NetworkStep step;
    step.rows = data.step();
    step.layers = {{weights1, bias1},
                   {std::span(weights2).first(kHidden * results), std::span(bias2).first(results)}};
    step.loss = LossOf(loss);
    size_t taken = 0;
    const auto take = [&](size_t size) {
      return std::span(all).subspan((taken += size) - size, size);
    };
    all.assign(kWidth * kHidden + kHidden + (kHidden + 1) * results +
                   (is_sparse ? first.size() + kWidth : 0),
               NAN);
    for (const DenseNetwork::Layer& layer : step.layers) {
      const std::span<float> of_weights = take(layer.weights.size());
      step.gradients.push_back({of_weights, take(layer.bias.size())});
    }
    if (is_sparse) {
      step.first = first;
      step.first_bias = first_bias;
      step.first_gradient = take(first.size());
      step.first_bias_gradient = take(kWidth);
    } else {
      step.rows.batch = {};
      step.inputs = inputs;
    }
    CAIRN_ASSIGN_OR_RETURN(result.outcome, RunStep(step, slicing, backend));
    return result;
  }
};

std::unique_ptr<Backend> Cpu(size_t bytes_max = 0) {
  return *MakeBackend("cpu", {.memory_bytes_max = bytes_max});
}

TEST_CASE("A step of a factorization machine is what its functions give, to the last bit") {
  const Factors factors;
  const std::unique_ptr<Backend> cpu = Cpu();
  const absl::StatusOr<Result> result = factors.Run(Slicing::kForbidden, cpu.get());
  REQUIRE(result.ok());
  CHECK(result->outcome.slices == 1);
  const LinearBatch batch = factors.data.step().batch;
  std::vector<float> margins(200), sums(200 * 4), gradients(factors.table.size());
  FactorizationForward(batch, {factors.table, 4}, 0.25f, margins, sums);
  const double loss =
      LogisticLossAndGradients(margins, factors.data.labels, factors.data.weights, margins);
  FactorizationGradient(batch, {factors.table, 4}, sums, margins, gradients);
  gradients.push_back(LinearBiasGradient(margins));
  CHECK(result->outcome.loss == loss);
  CHECK(result->gradients == gradients);
}

TEST_CASE("A step of a network is what its functions give, to the last bit") {
  Network network;
  const std::unique_ptr<Backend> cpu = Cpu();
  const absl::StatusOr<Result> result = network.Run(Slicing::kForbidden, cpu.get());
  REQUIRE(result.ok());
  const DenseNetwork dense(GemmKernel::Available().front(), {12, 7, 1});
  const LinearBatch batch = network.data.step().batch;
  const std::vector<DenseNetwork::Layer> layers = {
      {network.weights1, network.bias1},
      {std::span(network.weights2).first(7), std::span(network.bias2).first(1)}};
  std::vector<float> first(100 * 12), below(100 * 12), of_first(40 * 12), of_bias(12);
  BagForward({batch, network.first, network.first_bias, true, first});
  DenseNetwork::Pass pass;
  pass.rows = 100;
  pass.inputs = first;
  dense.Forward(layers, &pass);
  std::vector<float> results = pass.outputs.back();
  const double loss =
      LogisticLossAndGradients(results, network.data.labels, network.data.weights, results);
  std::vector<float> w1(12 * 7), b1(7), w2(7), b2(1);
  const std::vector<DenseNetwork::LayerGradient> gradients = {{w1, b1}, {w2, b2}};
  dense.Backward(layers, results, gradients, below, &pass);
  ReluGradient(first, below);
  ColumnSums(below, of_bias);
  BagGradient(batch, 12, below, of_first);
  std::vector<float> all = w1;
  for (const auto& part : {b1, w2, b2, of_first, of_bias}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  CHECK(result->outcome.loss == loss);
  CHECK(result->gradients == all);
}

// From a budget for everything to one that only single rows fit in.
template <typename Step>
void CheckBudgets(const Step& step) {
  const std::unique_ptr<Backend> free = Cpu();
  const absl::StatusOr<Result> whole = step.Run(Slicing::kForbidden, free.get());
  REQUIRE(whole.ok());
  size_t slices = 1;
  for (size_t bytes = whole->outcome.bytes; bytes > 0; bytes /= 2) {
    const std::unique_ptr<Backend> cpu = Cpu(bytes);
    const absl::StatusOr<Result> sliced = step.Run(Slicing::kAllowed, cpu.get());
    if (sliced.status().code() == absl::StatusCode::kResourceExhausted) break;
    REQUIRE(sliced.ok());
    CHECK(cpu->arena().bytes() <= bytes + Arena::kAlignment);
    CHECK(sliced->outcome.bytes == whole->outcome.bytes);
    CHECK(sliced->outcome.slices >= slices);
    slices = sliced->outcome.slices;
    CHECK(sliced->outcome.loss == Approx(whole->outcome.loss).epsilon(1e-9));
    CHECK(Distance(sliced->gradients, whole->gradients) <= 1e-6);
    const absl::StatusOr<Result> again = step.Run(Slicing::kAllowed, cpu.get());
    REQUIRE(again.ok());
    CHECK(again->gradients == sliced->gradients);
  }
  CHECK(slices >= 4);
}

TEST_CASE("At any budget, sliced steps have the same gradients within rounding") {
  for (const size_t dim : {0, 1, 4}) {
    for (const LossKind loss : {LossKind::kLogistic, LossKind::kSquared}) {
      Factors factors;
      factors.dim = dim;
      factors.loss = loss;
      CheckBudgets(factors);
    }
  }
  for (const bool is_sparse : {true, false}) {
    for (const LossKind loss : {LossKind::kLogistic, LossKind::kSoftmax, LossKind::kSquared}) {
      Network network;
      network.is_sparse = is_sparse;
      network.loss = loss;
      network.results = loss == LossKind::kSoftmax ? 3 : 1;
      CheckBudgets(network);
    }
  }
}

TEST_CASE("What does not fit is told of") {
  const Factors factors;
  const std::unique_ptr<Backend> small = Cpu(2048);
  const absl::Status forbidden = factors.Run(Slicing::kForbidden, small.get()).status();
  CHECK(forbidden.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(MessageOf(forbidden)),
             Catch::Contains("cpu: a step of 200 rows takes 4.2 KiB, and may take 2.0 KiB"));
  const std::unique_ptr<Backend> tiny = Cpu(1);
  const absl::Status one_row = factors.Run(Slicing::kAllowed, tiny.get()).status();
  CHECK(one_row.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(MessageOf(one_row)), Catch::Contains("a step of 1 row takes"));
}

TEST_CASE("A step gives the same on every backend, within rounding") {
  const std::unique_ptr<Backend> cpu = Cpu();
  for (const std::unique_ptr<Backend>& backend : BackendsAtHand()) {
    const Factors factors;
    const Network network;
    const auto check = [&](const auto& step) {
      const absl::StatusOr<Result> exact = step.Run(Slicing::kForbidden, cpu.get());
      const absl::StatusOr<Result> result = step.Run(Slicing::kForbidden, backend.get());
      REQUIRE(exact.ok());
      REQUIRE(result.ok());
      CHECK(result->outcome.loss == Approx(exact->outcome.loss).epsilon(1e-6));
      CHECK(Distance(result->gradients, exact->gradients) <= 1e-5);
    };
    check(factors);
    check(network);
  }
}

}  // namespace
}  // namespace cairn
