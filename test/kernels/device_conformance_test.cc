// Every operation of backends but those of conformance_test.cc, on every backend that there is,
// against a naive reference in double. Results come poisoned, and twice with the same bits.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "kernels/conformance.h"
#include "kernels/device_backends.h"
#include "kernels/optimizers.h"

namespace cairn {
namespace {

using conformance::Input;
using conformance::OddShapes;
using conformance::Shape;
using conformance::Uniform;

constexpr double kForwardMax = 2e-6;
constexpr double kGradientMax = 1e-5;

std::vector<float> Floats(uint64_t seed, size_t count) {
  std::vector<float> floats(count);
  for (size_t i = 0; i < count; ++i) floats[i] = Uniform(seed, i, 0);
  return floats;
}

std::span<const float> In(const std::vector<float>& floats) { return floats; }

// |got - exact| / |exact| in the Euclidean norm.
double Distance(const std::vector<float>& got, const std::vector<double>& exact) {
  REQUIRE(got.size() == exact.size());
  double squares = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    squares += (got[i] - exact[i]) * (got[i] - exact[i]);
    norm += exact[i] * exact[i];
  }
  return squares == 0 ? 0 : std::sqrt(squares / std::max(norm, 1e-30));
}

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// What an operation gives: `floats` of results, poisoned before, computed twice.
using Enqueue = std::function<void(Backend*, std::span<float>)>;
std::vector<float> ResultOf(Backend* backend, size_t floats, const Enqueue& enqueue) {
  std::vector<float> results[2];
  for (std::vector<float>& each : results) {
    each.assign(floats, std::numeric_limits<float>::quiet_NaN());
    MustCompute(backend, [&] { enqueue(backend, each); });
  }
  REQUIRE(SameBits(results[0], results[1]));
  return results[0];
}

// Calls `check` with every backend, and its name where something is wrong.
void OnEveryBackend(const std::function<void(Backend*)>& check) {
  for (const std::unique_ptr<Backend>& backend : BackendsAtHand()) {
    INFO(backend->name());
    check(backend.get());
  }
}

TEST_CASE("Bags agree with their definition, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const Shape& shape : OddShapes()) {
      for (const uint32_t width : {1, 5, 32, 65, 300}) {
        INFO(shape.name << ", width " << width);
        const Input input(shape, width, 3);
        const size_t rows = input.slopes.size();
        const std::vector<float> bias = Floats(4, width), deltas = Floats(5, rows * width);
        std::vector<double> sums, gradients(input.table.size());
        for (size_t row = 0; row < rows; ++row) {
          std::vector<double> sum(bias.begin(), bias.end());
          for (size_t k = input.offsets[row]; k < input.offsets[row + 1]; ++k) {
            const size_t at = size_t{input.indices[k]} * width;
            for (size_t j = 0; j < width; ++j) {
              sum[j] += input.value(k) * input.table[at + j];
              gradients[at + j] += input.value(k) * deltas[row * width + j];
            }
          }
          for (const double each : sum) sums.push_back(std::max(each, 0.0));
        }
        const auto forward =
            ResultOf(backend, rows * width, [&](Backend* on, std::span<float> result) {
              const auto out = on->Out(result);
              on->Run(BagForwardOp{on->In(input.batch(), shape.distinct), on->In(In(input.table)),
                                   on->In(In(bias)), true, out});
              on->Fetch(out, result);
            });
        CHECK(Distance(forward, sums) <= kForwardMax);
        const auto backward =
            ResultOf(backend, gradients.size(), [&](Backend* on, std::span<float> result) {
              const auto out = on->Out(result);
              on->Run(BagGradientOp{on->In(input.batch(), shape.distinct), width,
                                    on->In(In(deltas)), out});
              on->Fetch(out, result);
            });
        CHECK(Distance(backward, gradients) <= kGradientMax);
      }
    }
  });
}

// L of a row, in double, from its results.
double LossOfRow(const LossOp& op, std::span<const double> results, double label) {
  if (op.kind == LossKind::kSquared) {
    const double error = op.label_mean + op.label_scale * results[0] - label;
    return error * error;
  }
  if (op.kind == LossKind::kLogistic) {
    const double z = results[0];
    return std::max(z, 0.0) - label * z + std::log1p(std::exp(-std::fabs(z)));
  }
  double sum = 0;
  const double highest = *std::max_element(results.begin(), results.end());
  for (const double z : results) sum += std::exp(z - highest);
  return std::log(sum) + highest - results[static_cast<size_t>(label)];
}

struct LossCase {
  LossOp op;
  std::vector<float> results, labels, weights;
};

LossCase MakeLossCase(LossKind kind, size_t classes, size_t rows, float scale) {
  LossCase made;
  made.op.kind = kind;
  made.op.classes = classes;
  if (kind == LossKind::kSquared) {
    made.op.label_mean = 0.75f;
    made.op.label_scale = 2.5f;
  }
  made.results = Floats(7, rows * classes);
  for (float& result : made.results) result *= scale;
  for (size_t row = 0; row < rows; ++row) {
    made.labels.push_back(static_cast<float>(HashWords(8, row) % std::max<size_t>(2, classes)));
    if (rows % 2 == 0) made.weights.push_back(1.5f + Uniform(9, row, 0));
  }
  return made;
}

void CheckLoss(Backend* backend, const LossCase& in) {
  const LossOp& shape = in.op;
  double exact_loss = 0;
  std::vector<double> exact;
  for (size_t row = 0; row < in.labels.size(); ++row) {
    const double weight = in.weights.empty() ? 1 : in.weights[row];
    const auto begin = in.results.begin() + static_cast<ptrdiff_t>(row * shape.classes);
    std::vector<double> results(begin, begin + static_cast<ptrdiff_t>(shape.classes));
    exact_loss += weight * LossOfRow(shape, results, in.labels[row]);
    for (double& z : results) {
      const double at = z, h = 1e-5;
      z = at + h;
      const double above = LossOfRow(shape, results, in.labels[row]);
      z = at - h;
      const double below = LossOfRow(shape, results, in.labels[row]);
      z = at;
      // Squared: as if labels varied by 1.
      const double unit = shape.label_scale * double{shape.label_scale};
      exact.push_back(weight * (above - below) / (2 * h) / unit);
    }
  }
  double loss = 0;
  const auto gradients = ResultOf(backend, exact.size(), [&](Backend* on, std::span<float> result) {
    LossOp op = shape;
    op.results = on->In(In(in.results));
    op.labels = on->In(In(in.labels));
    op.weights = on->In(In(in.weights));
    op.gradients = on->Out(result);
    op.loss = on->Out(std::span(&loss, 1));
    on->Run(op);
    on->Fetch(op.gradients, result);
    on->Fetch(op.loss, std::span(&loss, 1));
  });
  CHECK(loss == Approx(exact_loss).epsilon(1e-6));
  CHECK(Distance(gradients, exact) <= kGradientMax);
}

TEST_CASE("Losses agree with their definition, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const size_t rows : {0, 1, 31, 300, 1000}) {
      for (const float scale : {0.1f, 5.0f}) {
        INFO(rows << " rows, scale " << scale);
        CheckLoss(backend, MakeLossCase(LossKind::kLogistic, 1, rows, scale));
        CheckLoss(backend, MakeLossCase(LossKind::kSquared, 1, rows, scale));
        CheckLoss(backend, MakeLossCase(LossKind::kSoftmax, 2, rows, scale));
        CheckLoss(backend, MakeLossCase(LossKind::kSoftmax, 37, rows, scale));
      }
    }
    LossCase far = MakeLossCase(LossKind::kLogistic, 1, 3, 1);
    far.results = {1e4f, -1e4f, 1e30f};
    far.labels = {0, 1, 1};
    CheckLoss(backend, far);
  });
}

TEST_CASE("Sums agree with their definition, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const size_t columns : {1, 3, 32, 33, 400}) {
      for (const size_t rows : {0, 1, 31, 257}) {
        INFO(rows << " rows, " << columns << " columns");
        const std::vector<float> matrix = Floats(11, rows * columns);
        std::vector<double> sums(columns), all(1);
        for (size_t i = 0; i < matrix.size(); ++i) {
          sums[i % columns] += matrix[i];
          all[0] += matrix[i];
        }
        const auto by_column =
            ResultOf(backend, columns, [&](Backend* on, std::span<float> result) {
              const auto out = on->Out(result);
              on->Run(ColumnSumsOp{on->In(In(matrix)), out});
              on->Fetch(out, result);
            });
        CHECK(Distance(by_column, sums) <= kForwardMax);
        const auto sum = ResultOf(backend, 1, [&](Backend* on, std::span<float> result) {
          const auto out = on->Out(result);
          on->Run(SumOp{on->In(In(matrix)), out});
          on->Fetch(out, result);
        });
        CHECK(Distance(sum, all) <= kForwardMax);
      }
    }
  });
}

TEST_CASE("ReLU passes gradients where something came out, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    std::vector<float> outputs = Floats(13, 1000);
    outputs[3] = 0;
    outputs[4] = -0.0f;
    const std::vector<float> deltas = Floats(14, 1000);
    const auto result = ResultOf(backend, 1000, [&](Backend* on, std::span<float> result) {
      std::copy(deltas.begin(), deltas.end(), result.begin());
      const auto gradients = on->InOut(result);
      on->Run(ReluGradientOp{on->In(In(outputs)), gradients});
      on->Fetch(gradients, result);
    });
    for (size_t i = 0; i < 1000; ++i) CHECK(result[i] == (outputs[i] > 0 ? deltas[i] : 0));
  });
}

struct ProductCase {
  size_t rows, cols, inner;
  bool a_transposed = false, b_transposed = false, bias = false, relu = false;
};

void CheckProduct(Backend* backend, const ProductCase& shape) {
  const std::vector<float> a = Floats(17, shape.rows * shape.inner);
  const std::vector<float> b = Floats(18, shape.inner * shape.cols);
  const std::vector<float> bias = Floats(19, shape.bias ? shape.cols : 0);
  std::vector<double> exact;
  for (size_t i = 0; i < shape.rows; ++i) {
    for (size_t j = 0; j < shape.cols; ++j) {
      double sum = shape.bias ? bias[j] : 0;
      for (size_t k = 0; k < shape.inner; ++k) {
        sum += double{a[shape.a_transposed ? k * shape.rows + i : i * shape.inner + k]} *
               b[shape.b_transposed ? j * shape.inner + k : k * shape.cols + j];
      }
      exact.push_back(shape.relu ? std::max(sum, 0.0) : sum);
    }
  }
  const auto result = ResultOf(backend, exact.size(), [&](Backend* on, std::span<float> result) {
    MultiplyOp op;
    op.rows = shape.rows;
    op.cols = shape.cols;
    op.inner = shape.inner;
    op.a = on->In(In(a));
    op.a_transposed = shape.a_transposed;
    op.b = on->In(In(b));
    op.b_transposed = shape.b_transposed;
    op.bias = on->In(In(bias));
    op.relu = shape.relu;
    op.c = on->Out(result);
    on->Run(op);
    on->Fetch(op.c, result);
  });
  CHECK(Distance(result, exact) <= kForwardMax);
}

TEST_CASE("Matrix products agree with their definition, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const size_t rows : {0, 1, 17, 100}) {
      for (const size_t cols : {1, 10, 33}) {
        for (const size_t inner : {0, 1, 3, 65}) {
          INFO(rows << " x " << cols << " x " << inner);
          CheckProduct(backend, {rows, cols, inner});
          CheckProduct(backend, {.rows = rows, .cols = cols, .inner = inner, .a_transposed = true});
          CheckProduct(backend, {.rows = rows, .cols = cols, .inner = inner, .b_transposed = true});
          CheckProduct(backend, {.rows = rows, .cols = cols, .inner = inner, .bias = true});
          CheckProduct(backend,
                       {.rows = rows, .cols = cols, .inner = inner, .bias = true, .relu = true});
        }
      }
    }
  });
}

TEST_CASE("Row optimizers have the same bits on every backend", "[conformance]") {
  constexpr size_t kRows = 37, kWidth = 5, kSteps = 50;
  for (const std::string& name : BuiltInOptimizers()) {
    OptimizerSpec spec;
    spec.name = name;
    spec.l1 = name == "ftrl" ? 0.01f : 0;
    const auto optimizer = *MakeRowOptimizer(spec, {});
    const size_t states = optimizer->StateFloats(kWidth);
    std::vector<float> start(kRows * states);
    for (size_t row = 0; row < kRows; ++row) {
      optimizer->InitState(std::span(start).subspan(row * states, states));
    }
    std::vector<float> priors = Floats(23, kRows);
    for (float& prior : priors) prior = 0.01f * (prior + 1);
    std::vector<float> expected;
    OnEveryBackend([&](Backend* backend) {
      INFO(name);
      std::vector<float> weights = Floats(24, kRows * kWidth), state = start;
      for (size_t step = 0; step < kSteps; ++step) {
        const std::vector<float> gradients = Floats(100 + step, kRows * kWidth);
        MustCompute(backend, [&] {
          OptimizerOp op;
          op.spec = spec;
          op.rows = kRows;
          op.width = kWidth;
          op.gradients = backend->In(In(gradients));
          op.priors = backend->In(In(priors));
          op.learning_rate = 0.05f;
          op.weights = backend->InOut(std::span(weights));
          op.state = backend->InOut(std::span(state));
          backend->Run(op);
          backend->Fetch(op.weights, std::span(weights));
          backend->Fetch(op.state, std::span(state));
        });
      }
      std::vector<float> all = weights;
      all.insert(all.end(), state.begin(), state.end());
      if (expected.empty()) expected = all;
      CHECK(SameBits(all, expected));
      CHECK(std::all_of(all.begin(), all.end(), [](float x) { return std::isfinite(x); }));
    });
  }
}

TEST_CASE("Keys without repeats, and where each one is, on every backend", "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const size_t count : {0, 1, 2, 100, 5000}) {
      std::vector<uint64_t> keys(count);
      for (size_t i = 0; i < count; ++i) {
        const uint64_t hash = HashWords(29, i);
        keys[i] = hash % 3 == 0 ? hash : hash % 50;  // All 64 bits, and many repeats.
      }
      if (count > 1) keys[1] = ~uint64_t{0};
      std::map<uint64_t, uint32_t> expected;
      for (const uint64_t key : keys) expected[key] = 0;
      uint32_t rank = 0;
      for (auto& [key, at] : expected) at = rank++;
      std::vector<uint64_t> distinct(count);
      std::vector<uint32_t> inverse(count);
      uint32_t found = 0;
      MustCompute(backend, [&] {
        UniqueOp op;
        op.keys = backend->In(std::span<const uint64_t>(keys));
        op.distinct = backend->Out(std::span(distinct));
        op.inverse = backend->Out(std::span(inverse));
        op.count = backend->Out(std::span(&found, 1));
        backend->Run(op);
        backend->Fetch(op.distinct, std::span(distinct));
        backend->Fetch(op.inverse, std::span(inverse));
        backend->Fetch(op.count, std::span(&found, 1));
      });
      REQUIRE(found == expected.size());
      for (const auto& [key, at] : expected) CHECK(distinct[at] == key);
      for (size_t i = 0; i < count; ++i) CHECK(inverse[i] == expected[keys[i]]);
    }
  });
}

TEST_CASE("A batch by features has each one's entries in the order of rows, on every backend",
          "[conformance]") {
  OnEveryBackend([](Backend* backend) {
    for (const Shape& shape : OddShapes()) {
      INFO(shape.name);
      const Input input(shape, 1, 31);
      const size_t entries = input.indices.size();
      std::vector<uint32_t> offsets(shape.distinct + 1), rows(entries);
      std::vector<float> values(input.values.size());
      MustCompute(backend, [&] {
        TransposeOp op;
        op.batch = backend->In(input.batch(), shape.distinct);
        op.column_offsets = backend->Out(std::span(offsets));
        op.column_rows = backend->Out(std::span(rows));
        op.column_values = backend->Out(std::span(values));
        backend->Run(op);
        backend->Fetch(op.column_offsets, std::span(offsets));
        backend->Fetch(op.column_rows, std::span(rows));
        backend->Fetch(op.column_values, std::span(values));
      });
      REQUIRE(offsets.front() == 0);
      REQUIRE(offsets.back() == entries);
      std::vector<uint32_t> next(offsets.begin(), offsets.end() - 1);
      for (size_t row = 0; row + 1 < input.offsets.size(); ++row) {
        for (size_t k = input.offsets[row]; k < input.offsets[row + 1]; ++k) {
          const uint32_t at = next[input.indices[k]]++;
          REQUIRE(rows[at] == row);
          if (!values.empty()) REQUIRE(values[at] == input.values[k]);
        }
      }
      for (size_t i = 0; i < next.size(); ++i) CHECK(next[i] == offsets[i + 1]);
    }
  });
}

}  // namespace
}  // namespace cairn
