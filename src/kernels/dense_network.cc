#include "kernels/dense_network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cairn {

DenseNetwork::DenseNetwork(const GemmKernel* kernel, std::vector<size_t> widths)
    : kernel_(kernel), widths_(std::move(widths)) {
  CAIRN_CHECK(kernel_ != nullptr && widths_.size() >= 2);
  CAIRN_CHECK(std::all_of(widths_.begin(), widths_.end(), [](size_t width) { return width > 0; }));
}

void DenseNetwork::Forward(std::span<const Layer> layers, Pass* pass) const {
  CAIRN_CHECK(layers.size() == this->layers());
  CAIRN_CHECK(pass->inputs.size() == pass->rows * widths_[0]);
  pass->outputs.resize(layers.size());
  std::span<const float> inputs = pass->inputs;
  for (size_t i = 0; i < layers.size(); ++i) {
    std::vector<float>& outputs = pass->outputs[i];
    outputs.resize(pass->rows * outputs_of(i));
    kernel_->Run({.rows = pass->rows,
                  .cols = outputs_of(i),
                  .inner = inputs_of(i),
                  .a = inputs,
                  .b = layers[i].weights,
                  .bias = layers[i].bias,
                  .relu = i + 1 < layers.size(),
                  .c = outputs},
                 &pass->scratch);
    inputs = outputs;
  }
}

void DenseNetwork::Backward(std::span<const Layer> layers, std::span<const float> result_gradient,
                            std::span<const LayerGradient> gradients,
                            std::span<float> input_gradient, Pass* pass) const {
  CAIRN_CHECK(layers.size() == this->layers() && gradients.size() == layers.size());
  CAIRN_CHECK(result_gradient.size() == pass->rows * widths_.back());
  std::span<const float> deltas = result_gradient;  // By the layer's sums, before ReLU.
  for (size_t i = layers.size(); i-- > 0;) {
    const std::span<const float> inputs = i == 0 ? pass->inputs : pass->outputs[i - 1];
    ColumnSums(deltas, gradients[i].bias);
    kernel_->Run({.rows = inputs_of(i),
                  .cols = outputs_of(i),
                  .inner = pass->rows,
                  .a = inputs,
                  .a_transposed = true,
                  .b = deltas,
                  .c = gradients[i].weights},
                 &pass->scratch);
    if (i == 0 && input_gradient.empty()) return;
    std::vector<float>& memory = pass->gradients;
    std::span<float> below = input_gradient;
    if (i > 0) {
      memory.resize(pass->rows * inputs_of(i));
      below = memory;
    }
    kernel_->Run({.rows = pass->rows,
                  .cols = inputs_of(i),
                  .inner = outputs_of(i),
                  .a = deltas,
                  .b = layers[i].weights,
                  .b_transposed = true,
                  .c = below},
                 &pass->scratch);
    if (i == 0) return;
    ReluGradient(pass->outputs[i - 1], below);
    std::swap(pass->gradients, pass->gradients2);
    deltas = pass->gradients2;
  }
}

void ReluGradient(std::span<const float> outputs, std::span<float> gradients) {
  CAIRN_CHECK(outputs.size() == gradients.size());
  for (size_t i = 0; i < outputs.size(); ++i) gradients[i] = outputs[i] > 0 ? gradients[i] : 0.0f;
}

void ColumnSums(std::span<const float> matrix, std::span<float> sums) {
  CAIRN_CHECK(sums.empty() ? matrix.empty() : matrix.size() % sums.size() == 0);
  std::fill(sums.begin(), sums.end(), 0.0f);
  for (size_t begin = 0; begin < matrix.size(); begin += sums.size()) {
    for (size_t j = 0; j < sums.size(); ++j) sums[j] += matrix[begin + j];
  }
}

}  // namespace cairn
