#include "kernels/device_step.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/units.h"

namespace cairn {
namespace {

constexpr uint32_t kNowhere = ~uint32_t{0};

// Some rows of a batch as a batch of their own, whose features are counted anew in the order in
// which they occur.
struct BatchSlice {
  std::vector<uint32_t> offsets, indices;
  std::vector<uint32_t> features;  // By their new numbers: the old ones.
  std::span<const float> values;

  LinearBatch batch() const { return {offsets, indices, values}; }
};

BatchSlice SliceOf(const LinearBatch& batch, size_t begin, size_t end, size_t distinct) {
  BatchSlice slice;
  const size_t from = batch.row_offsets[begin], to = batch.row_offsets[end];
  for (size_t row = begin; row <= end; ++row) {
    slice.offsets.push_back(batch.row_offsets[row] - static_cast<uint32_t>(from));
  }
  std::vector<uint32_t> numbers(distinct, kNowhere);
  for (size_t k = from; k < to; ++k) {
    uint32_t& number = numbers[batch.indices[k]];
    if (number == kNowhere) {
      number = static_cast<uint32_t>(slice.features.size());
      slice.features.push_back(batch.indices[k]);
    }
    slice.indices.push_back(number);
  }
  if (!batch.values.empty()) slice.values = batch.values.subspan(from, to - from);
  return slice;
}

StepRows RowsOf(const StepRows& rows, size_t begin, size_t end, const LinearBatch& batch) {
  const auto part = [&](std::span<const float> all) {
    return all.empty() ? all : all.subspan(begin, end - begin);
  };
  return {batch, part(rows.labels), part(rows.weights)};
}

// The rows of `table` with these numbers, one after the other.
std::vector<float> Gather(std::span<const float> table, size_t width,
                          const std::vector<uint32_t>& numbers) {
  std::vector<float> rows(numbers.size() * width);
  for (size_t i = 0; i < numbers.size(); ++i) {
    std::copy_n(table.data() + numbers[i] * width, width, rows.data() + i * width);
  }
  return rows;
}

void ScatterAdd(std::span<const float> rows, size_t width, const std::vector<uint32_t>& numbers,
                std::span<float> table) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    for (size_t j = 0; j < width; ++j) table[numbers[i] * width + j] += rows[i * width + j];
  }
}

void Add(std::span<const float> from, std::span<float> to) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

void Clear(std::span<float> floats) { std::fill(floats.begin(), floats.end(), 0.0f); }

size_t RowsOfTable(std::span<const float> table, size_t width) { return table.size() / width; }

// Replaces the results of the rows by the loss's gradients.
void RunLoss(const StepRows& rows, const StepLoss& loss, DeviceSpan<float> results,
             double* loss_sum, Backend* backend) {
  LossOp op;
  op.kind = loss.kind;
  op.classes = loss.kind == LossKind::kSoftmax ? results.size / rows.labels.size() : 1;
  op.label_mean = loss.label_mean;
  op.label_scale = loss.label_scale;
  op.results = op.gradients = results;
  op.labels = backend->In(rows.labels);
  op.weights = backend->In(rows.weights);
  op.loss = backend->Out(std::span(loss_sum, 1));
  backend->Run(op);
  backend->Fetch(op.loss, std::span(loss_sum, 1));
}

// ---- What a step has to be able to do, to be sliced and run.

// Linear models and factorization machines.
class FactorWork {
 public:
  explicit FactorWork(const FactorStep& step) : step_(step) {}

  size_t rows() const { return step_.rows.labels.size(); }

  void Enqueue(Backend* backend, double* loss_sum) const {
    const size_t width = 1 + step_.dim;
    const DeviceBatch batch = backend->In(step_.rows.batch, RowsOfTable(step_.table, width));
    const auto table = backend->In(step_.table);
    const auto gradients = backend->Out(step_.gradients);
    const auto bias_gradient = backend->Out(std::span(step_.bias_gradient, 1));
    const auto margins = backend->arena().Take<float>(rows());
    const auto sums = backend->arena().Take<float>(rows() * step_.dim);
    if (step_.dim == 0) {
      backend->Run(LinearForwardOp{batch, table, step_.bias, margins});
    } else {
      backend->Run(FactorForwardOp{batch, step_.dim, table, step_.bias, margins, sums});
    }
    RunLoss(step_.rows, step_.loss, margins, loss_sum, backend);  // From here on, dL/dmargin.
    if (step_.dim == 0) {
      backend->Run(LinearGradientOp{batch, margins, gradients});
    } else {
      backend->Run(FactorGradientOp{batch, step_.dim, table, sums, margins, gradients});
    }
    backend->Run(SumOp{margins, bias_gradient});
    backend->Fetch(gradients, step_.gradients);
    backend->Fetch(bias_gradient, std::span(step_.bias_gradient, 1));
  }

  void ClearResults() const {
    Clear(step_.gradients);
    *step_.bias_gradient = 0;
  }

  // Calls compute(part) with the work of some rows, then adds its results to this one's.
  template <typename Compute>
  absl::Status ForSlice(size_t begin, size_t end, const Compute& compute) const {
    const size_t width = 1 + step_.dim;
    const BatchSlice slice = SliceOf(step_.rows.batch, begin, end, RowsOfTable(step_.table, width));
    const std::vector<float> table = Gather(step_.table, width, slice.features);
    std::vector<float> gradients(table.size());
    float bias_gradient = 0;
    FactorStep part = step_;
    part.rows = RowsOf(step_.rows, begin, end, slice.batch());
    part.table = table;
    part.gradients = gradients;
    part.bias_gradient = &bias_gradient;
    CAIRN_RETURN_IF_ERROR(compute(FactorWork(part)));
    ScatterAdd(gradients, width, slice.features, step_.gradients);
    *step_.bias_gradient += bias_gradient;
    return {};
  }

 private:
  const FactorStep step_;
};

// Dense networks.
class NetworkWork {
 public:
  explicit NetworkWork(const NetworkStep& step) : step_(step) {}

  size_t rows() const { return step_.rows.labels.size(); }

  void Enqueue(Backend* backend, double* loss_sum) const {
    OnDevice on;
    Forward(backend, &on);
    RunLoss(step_.rows, step_.loss, on.results, loss_sum, backend);
    Backward(backend, on);
  }

  void ClearResults() const {
    for (const DenseNetwork::LayerGradient& layer : step_.gradients) {
      Clear(layer.weights);
      Clear(layer.bias);
    }
    Clear(step_.first_gradient);
    Clear(step_.first_bias_gradient);
  }

  template <typename Compute>
  absl::Status ForSlice(size_t begin, size_t end, const Compute& compute) const {
    NetworkStep part = step_;
    BatchSlice slice;
    std::vector<float> first;
    if (step_.is_sparse()) {
      const size_t width = step_.first_bias.size();
      slice = SliceOf(step_.rows.batch, begin, end, RowsOfTable(step_.first, width));
      first = Gather(step_.first, width, slice.features);
    } else {
      part.inputs = step_.inputs.subspan(begin * InputsOf(0), (end - begin) * InputsOf(0));
    }
    part.rows = RowsOf(step_.rows, begin, end, slice.batch());
    part.first = first;
    std::vector<float> first_gradient(first.size());
    std::vector<float> first_bias_gradient(step_.first_bias.size());
    part.first_gradient = first_gradient;
    part.first_bias_gradient = first_bias_gradient;
    std::vector<std::vector<float>> memory;
    for (DenseNetwork::LayerGradient& layer : part.gradients) {
      for (std::span<float>* results : {&layer.weights, &layer.bias}) {
        *results = memory.emplace_back(results->size());
      }
    }
    CAIRN_RETURN_IF_ERROR(compute(NetworkWork(part)));
    for (size_t i = 0; i < step_.gradients.size(); ++i) {
      Add(part.gradients[i].weights, step_.gradients[i].weights);
      Add(part.gradients[i].bias, step_.gradients[i].bias);
    }
    if (!step_.is_sparse()) return {};
    ScatterAdd(first_gradient, step_.first_bias.size(), slice.features, step_.first_gradient);
    Add(first_bias_gradient, step_.first_bias_gradient);
    return {};
  }

 private:
  struct OnDevice {
    DeviceBatch batch;                             // Sparse.
    std::vector<DeviceSpan<const float>> weights;  // Of each layer.
    std::vector<DeviceSpan<const float>> inputs;   // Likewise, [rows x its inputs].
    DeviceSpan<float> results;                     // Of the last one.
  };

  size_t OutputsOf(size_t layer) const { return step_.layers[layer].bias.size(); }
  size_t InputsOf(size_t layer) const {
    return step_.layers[layer].weights.size() / OutputsOf(layer);
  }

  void Forward(Backend* backend, OnDevice* on) const {
    DeviceSpan<const float> inputs;
    if (step_.is_sparse()) {
      const size_t width = step_.first_bias.size();
      on->batch = backend->In(step_.rows.batch, RowsOfTable(step_.first, width));
      const auto sums = backend->arena().Take<float>(rows() * width);
      backend->Run(BagForwardOp{on->batch, backend->In(step_.first), backend->In(step_.first_bias),
                                true, sums});
      inputs = sums;
    } else {
      inputs = backend->In(step_.inputs);
    }
    for (size_t i = 0; i < step_.layers.size(); ++i) {
      on->inputs.push_back(inputs);
      on->weights.push_back(backend->In(step_.layers[i].weights));
      on->results = backend->arena().Take<float>(rows() * OutputsOf(i));
      MultiplyOp product;
      product.rows = rows();
      product.cols = OutputsOf(i);
      product.inner = InputsOf(i);
      product.a = inputs;
      product.b = on->weights.back();
      product.bias = backend->In(step_.layers[i].bias);
      product.relu = i + 1 < step_.layers.size();
      product.c = on->results;
      backend->Run(product);
      inputs = on->results;
    }
  }

  // on.results are the loss's gradients by now.
  void Backward(Backend* backend, const OnDevice& on) const {
    DeviceSpan<const float> deltas = on.results;
    for (size_t i = step_.layers.size(); i-- > 0;) {
      SumUp(backend, deltas, step_.gradients[i].bias);
      WeightGradient(backend, on.inputs[i], deltas, i);
      if (i == 0 && !step_.is_sparse()) return;
      MultiplyOp product;
      product.rows = rows();
      product.cols = InputsOf(i);
      product.inner = OutputsOf(i);
      product.a = deltas;
      product.b = on.weights[i];
      product.b_transposed = true;
      product.c = backend->arena().Take<float>(rows() * InputsOf(i));
      backend->Run(product);
      backend->Run(ReluGradientOp{on.inputs[i], product.c});
      deltas = product.c;
    }
    SumUp(backend, deltas, step_.first_bias_gradient);
    const auto gradients = backend->Out(step_.first_gradient);
    backend->Run(BagGradientOp{on.batch, step_.first_bias.size(), deltas, gradients});
    backend->Fetch(gradients, step_.first_gradient);
  }

  void WeightGradient(Backend* backend, DeviceSpan<const float> inputs,
                      DeviceSpan<const float> deltas, size_t layer) const {
    const std::span<float> host = step_.gradients[layer].weights;
    MultiplyOp product;
    product.rows = InputsOf(layer);
    product.cols = OutputsOf(layer);
    product.inner = rows();
    product.a = inputs;
    product.a_transposed = true;
    product.b = deltas;
    product.c = backend->Out(host);
    backend->Run(product);
    backend->Fetch(product.c, host);
  }

  static void SumUp(Backend* backend, DeviceSpan<const float> matrix, std::span<float> host) {
    const auto sums = backend->Out(host);
    backend->Run(ColumnSumsOp{matrix, sums});
    backend->Fetch(sums, host);
  }

  const NetworkStep step_;
};

// ---- Slicing and running.

template <typename Work>
absl::Status RunSlices(const Work& work, Slicing slicing, Backend* backend, StepOutcome* outcome) {
  double loss = 0;
  const auto enqueue = [&] { work.Enqueue(backend, &loss); };
  const size_t bytes = backend->Measure(enqueue);
  if (outcome->bytes == 0) outcome->bytes = bytes;  // The first one is the whole step.
  if (bytes <= backend->memory_bytes_max()) {
    CAIRN_RETURN_IF_ERROR(backend->Compute(enqueue));
    outcome->loss += loss;
    ++outcome->slices;
    return {};
  }
  if (slicing == Slicing::kForbidden || work.rows() < 2) {
    return MakeError(absl::StatusCode::kResourceExhausted, backend->name(), ": a step of ",
                     work.rows(), work.rows() == 1 ? " row" : " rows", " takes ", HumanBytes(bytes),
                     ", and may take ", HumanBytes(backend->memory_bytes_max()));
  }
  work.ClearResults();
  const size_t middle = work.rows() / 2;
  const auto compute = [&](const Work& part) { return RunSlices(part, slicing, backend, outcome); };
  CAIRN_RETURN_IF_ERROR(work.ForSlice(0, middle, compute));
  return work.ForSlice(middle, work.rows(), compute);
}

template <typename Work>
absl::StatusOr<StepOutcome> Run(const Work& work, Slicing slicing, Backend* backend) {
  CAIRN_CHECK(work.rows() > 0);
  StepOutcome outcome;
  CAIRN_RETURN_IF_ERROR(RunSlices(work, slicing, backend, &outcome));
  return outcome;
}

}  // namespace

absl::StatusOr<StepOutcome> RunStep(const FactorStep& step, Slicing slicing, Backend* backend) {
  CAIRN_CHECK(step.loss.kind != LossKind::kSoftmax);
  return Run(FactorWork(step), slicing, backend);
}

absl::StatusOr<StepOutcome> RunStep(const NetworkStep& step, Slicing slicing, Backend* backend) {
  CAIRN_CHECK(!step.layers.empty() && step.layers.size() == step.gradients.size());
  return Run(NetworkWork(step), slicing, backend);
}

}  // namespace cairn
