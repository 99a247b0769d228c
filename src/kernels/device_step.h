// A whole training step on a backend: forward, loss and gradients of the models that can be
// computed there. A step that takes more memory than the backend may use is cut in two by its rows,
// and again, until the slices fit: each is a batch of its own, with only the rows of the tables
// that it touches, and their gradients are added up. So gradients are the same within rounding at
// any budget, and the same bits at the same one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/backend.h"
#include "kernels/dense_network.h"
#include "kernels/linear.h"

namespace cairn {

// What the rows of a batch are learnt from. Borrowed.
struct StepRows {
  LinearBatch batch;               // Their features.
  std::span<const float> labels;   // [rows]
  std::span<const float> weights;  // [rows], or empty: all are 1.
};

// What is learnt of their labels, as LossOp's.
struct StepLoss {
  LossKind kind = LossKind::kLogistic;
  float label_mean = 0, label_scale = 1;  // kSquared.
};

// Linear models and factorization machines: one result a row, so not with softmax.
struct FactorStep {
  StepRows rows;
  StepLoss loss;
  size_t dim = 0;                // Of vectors; 0: there are only weights.
  std::span<const float> table;  // [distinct x (1 + dim)]
  float bias = 0;
  std::span<float> gradients;  // As `table`; overwritten.
  float* bias_gradient = nullptr;
};

// A dense network, as DenseNetwork's; with sparse features, behind a bag of embeddings with ReLU.
struct NetworkStep {
  StepRows rows;                  // Dense: without features.
  std::span<const float> inputs;  // Dense: [rows x inputs of the first layer].
  std::span<const float> first;   // Sparse: [distinct x width]
  std::span<const float> first_bias;
  std::vector<DenseNetwork::Layer> layers;  // At least 1.
  StepLoss loss;
  std::vector<DenseNetwork::LayerGradient> gradients;  // Of `layers`; overwritten, as all these.
  std::span<float> first_gradient;
  std::span<float> first_bias_gradient;

  bool is_sparse() const { return !first_bias.empty(); }
};

enum class Slicing : uint8_t { kAllowed, kForbidden };

struct StepOutcome {
  double loss = 0;    // The sum, weighted.
  size_t slices = 0;  // 1: the step was computed whole.
  size_t bytes = 0;   // Of memory that it would take whole.
};

// The batch has rows. kResourceExhausted: not even one row fits, or slicing is forbidden; the
// gradients mean nothing then. Or as Backend::Wait.
absl::StatusOr<StepOutcome> RunStep(const FactorStep& step, Slicing slicing, Backend* backend);
absl::StatusOr<StepOutcome> RunStep(const NetworkStep& step, Slicing slicing, Backend* backend);

}  // namespace cairn
