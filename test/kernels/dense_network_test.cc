#include "kernels/dense_network.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "base/hash.h"

namespace cairn {
namespace {

std::vector<float> Random(uint64_t seed, size_t size) {
  std::vector<float> out(size);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<float>(UnitInterval(HashWords(seed, i)) - 0.5);
  }
  return out;
}

// Weights and gradients of a network, and a batch for it.
struct Case {
  Case(const std::vector<size_t>& w, size_t r) : widths(w), rows(r), inputs(Random(9, r * w[0])) {
    for (size_t i = 0; i + 1 < w.size(); ++i) {
      weights.push_back(Random(10 + i, w[i] * w[i + 1]));
      biases.push_back(Random(20 + i, w[i + 1]));
      weight_gradients.emplace_back(w[i] * w[i + 1], NAN);
      bias_gradients.emplace_back(w[i + 1], NAN);
    }
  }

  std::vector<DenseNetwork::Layer> Layers() const {
    std::vector<DenseNetwork::Layer> layers;
    for (size_t i = 0; i < weights.size(); ++i) layers.push_back({weights[i], biases[i]});
    return layers;
  }

  // The same in double, in the simplest way. `least`: the sum before a ReLU that is nearest to 0.
  std::vector<double> Exact(double* least = nullptr) const {
    std::vector<double> at(inputs.begin(), inputs.end());
    for (size_t l = 0; l < weights.size(); ++l) {
      const size_t in = widths[l], out = widths[l + 1];
      std::vector<double> next(rows * out);
      for (size_t r = 0; r < rows; ++r) {
        for (size_t j = 0; j < out; ++j) {
          double sum = biases[l][j];
          for (size_t k = 0; k < in; ++k) sum += at[r * in + k] * weights[l][k * out + j];
          const bool is_last = l + 1 == weights.size();
          if (!is_last && least != nullptr) *least = std::min(*least, std::fabs(sum));
          next[r * out + j] = is_last ? sum : std::max(sum, 0.0);
        }
      }
      at = std::move(next);
    }
    return at;
  }

  // A loss with different slopes everywhere.
  double Loss() const {
    const std::vector<double> z = Exact();
    double loss = 0;
    for (size_t i = 0; i < z.size(); ++i) loss += z[i] * Slopes()[i];
    return loss;
  }
  std::vector<float> Slopes() const { return Random(30, rows * widths.back()); }

  std::vector<size_t> widths;
  size_t rows;
  std::vector<float> inputs;
  std::vector<std::vector<float>> weights, biases, weight_gradients, bias_gradients;
};

const std::vector<std::vector<size_t>> kWidths = {{1, 1},     {3, 1},    {5, 7, 1},
                                                  {17, 9, 3}, {4, 1, 2}, {20, 33, 17, 10}};

TEST_CASE("Networks: forward agrees with dense math in double", "[dense]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    for (const std::vector<size_t>& widths : kWidths) {
      for (const size_t rows : {0, 1, 19}) {
        const Case c(widths, rows);
        const DenseNetwork network(kernel, widths);
        CHECK(network.layers() == widths.size() - 1);
        DenseNetwork::Pass pass;
        pass.rows = rows;
        pass.inputs = c.inputs;
        network.Forward(c.Layers(), &pass);
        const std::vector<double> exact = c.Exact();
        REQUIRE(pass.result().size() == exact.size());
        for (size_t i = 0; i < exact.size(); ++i) {
          CHECK(pass.result()[i] == Approx(exact[i]).margin(2e-6));
        }
      }
    }
  }
}

// The slope of the loss by one number, by central differences; its ReLUs do not switch in between.
double SlopeBy(float* number, const Case& c) {
  const float before = *number;
  constexpr float kStep = 0x1p-10f;
  *number = before + kStep;
  const double above = c.Loss();
  *number = before - kStep;
  const double below = c.Loss();
  *number = before;
  return (above - below) / (2 * kStep);
}

TEST_CASE("Networks: gradients are the slopes of the loss", "[dense]") {
  for (const GemmKernel* kernel : GemmKernel::Available()) {
    for (const std::vector<size_t>& widths : kWidths) {
      Case c(widths, 6);
      double least = 1;
      c.Exact(&least);
      CAPTURE(kernel->name(), widths.size(), least);
      const DenseNetwork network(kernel, widths);
      DenseNetwork::Pass pass;
      pass.rows = c.rows;
      pass.inputs = c.inputs;
      network.Forward(c.Layers(), &pass);
      std::vector<DenseNetwork::LayerGradient> gradients;
      for (size_t i = 0; i < c.weights.size(); ++i) {
        gradients.push_back({c.weight_gradients[i], c.bias_gradients[i]});
      }
      std::vector<float> input_gradient(c.inputs.size(), NAN);
      network.Backward(c.Layers(), c.Slopes(), gradients, input_gradient, &pass);
      const auto check = [&](std::vector<float>* numbers, const std::vector<float>& found) {
        size_t wrong = 0;
        for (size_t i = 0; i < numbers->size(); i += 1 + numbers->size() / 40) {
          const double slope = SlopeBy(&(*numbers)[i], c);
          if (std::fabs(found[i] - slope) > 1e-3 * (1 + std::fabs(slope))) ++wrong;
        }
        // A ReLU may switch within the step: then the slope is no slope.
        CHECK(wrong <= (least < 2e-3 ? 2 : 0));
      };
      check(&c.inputs, input_gradient);
      for (size_t i = 0; i < c.weights.size(); ++i) {
        check(&c.weights[i], c.weight_gradients[i]);
        check(&c.biases[i], c.bias_gradients[i]);
      }
      // Again, into memory that was used, and without those of the inputs.
      const auto first = c.weight_gradients;
      network.Forward(c.Layers(), &pass);
      network.Backward(c.Layers(), c.Slopes(), gradients, {}, &pass);
      CHECK(c.weight_gradients == first);
    }
  }
}

TEST_CASE("Networks: ReLU's gradient, and sums of columns", "[dense]") {
  std::vector<float> gradients = {1, 2, 3, 4};
  ReluGradient(std::vector<float>{0, 1, -0.0f, 1e-30f}, gradients);
  CHECK(gradients == std::vector<float>{0, 2, 0, 4});
  std::vector<float> sums = {9, 9};
  ColumnSums(std::vector<float>{1, 10, 2, 20, 3, 30}, sums);
  CHECK(sums == std::vector<float>{6, 60});
  ColumnSums({}, sums);
  CHECK(sums == std::vector<float>{0, 0});
}

}  // namespace
}  // namespace cairn
