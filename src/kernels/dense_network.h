// Layers of a neural network, each Y = ReLU(X W + b), the last one without ReLU: forward, and the
// gradients of all that went into it. For models that have such a network, alone or beside other
// parts. Immutable, so thread-safe; what a batch needs lies in its pass.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kernels/gemm.h"

namespace cairn {

class DenseNetwork {
 public:
  // What one layer computes with. Borrowed.
  struct Layer {
    std::span<const float> weights;  // [inputs x outputs], row-major.
    std::span<const float> bias;     // [outputs]
  };
  struct LayerGradient {
    std::span<float> weights;  // As Layer's; both are overwritten.
    std::span<float> bias;
  };

  // A batch on its way forward and back. Its memory may be used for the next batch again.
  struct Pass {
    size_t rows = 0;
    std::span<const float> inputs = {};        // [rows x widths[0]]
    std::vector<std::vector<float>> outputs;   // Of each layer, [rows x its width]; Forward's.
    std::vector<float> gradients, gradients2;  // Backward's.
    GemmScratch scratch;

    std::span<const float> result() const { return outputs.back(); }
  };

  // widths: of the inputs, then of each layer: two or more, all at least 1. `kernel` must be one
  // that this machine has.
  DenseNetwork(const GemmKernel* kernel, std::vector<size_t> widths);

  size_t layers() const { return widths_.size() - 1; }
  size_t inputs_of(size_t layer) const { return widths_[layer]; }
  size_t outputs_of(size_t layer) const { return widths_[layer + 1]; }

  // From pass->rows and pass->inputs.
  void Forward(std::span<const Layer> layers, Pass* pass) const;

  // After Forward of the same batch with the same weights: gradients of the sum of the rows' losses
  // from those by the results, [rows x last width]. input_gradient [rows x widths[0]] is
  // overwritten; empty: nobody wants it.
  void Backward(std::span<const Layer> layers, std::span<const float> result_gradient,
                std::span<const LayerGradient> gradients, std::span<float> input_gradient,
                Pass* pass) const;

 private:
  const GemmKernel* const kernel_;
  const std::vector<size_t> widths_;
};

// The gradient by what went into a ReLU, from the one by what came out of it: it is 0 where that is
// not above 0. [n] each.
void ReluGradient(std::span<const float> outputs, std::span<float> gradients);

// sums[j] = the sum of column j of [rows x columns], in the order of rows, in float.
void ColumnSums(std::span<const float> matrix, std::span<float> sums);

}  // namespace cairn
