#include "kernels/cpu_backend.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "base/aligned_memory.h"
#include "base/check.h"
#include "kernels/bag.h"
#include "kernels/dense_network.h"
#include "kernels/factorization.h"
#include "kernels/gemm.h"
#include "kernels/linear.h"
#include "kernels/losses.h"
#include "kernels/optimizers.h"

namespace cairn {
namespace {

template <typename T>
std::span<T> Host(DeviceSpan<T> memory) {
  return {memory.data, memory.size};
}

LinearBatch Host(const DeviceBatch& batch) {
  return {Host(batch.row_offsets), Host(batch.indices), Host(batch.values)};
}

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const BackendOptions& options)
      : Backend(options.memory_bytes_max == 0 ? std::numeric_limits<size_t>::max()
                                              : options.memory_bytes_max),
        gemm_(options.gemm == nullptr ? GemmKernel::Available().front() : options.gemm) {}

  DeviceKind kind() const override { return DeviceKind::kCpu; }
  std::string name() const override { return "cpu"; }

 private:
  using Scratch = DeviceSpan<std::byte>;

  absl::Status Wait() override { return {}; }

  std::byte* Allocate(size_t bytes) override {
    memory_.emplace(bytes + Arena::kAlignment);
    const auto address = reinterpret_cast<uintptr_t>(memory_->data());
    return memory_->data() + (Arena::kAlignment - address % Arena::kAlignment);
  }
  bool wants_columns() const override { return false; }
  // Host memory is used where it lies.
  void CopyIn(void*, const void*, size_t) override { CAIRN_CHECK(false); }
  void CopyOut(void*, const void*, size_t) override { CAIRN_CHECK(false); }

  size_t ScratchBytes(const TransposeOp&) const override { return 0; }
  size_t ScratchBytes(const LossOp&) const override { return 0; }
  size_t ScratchBytes(const UniqueOp&) const override { return 0; }

  void Do(const TransposeOp& op, Scratch) override {
    const LinearBatch batch = Host(op.batch);
    const std::span<uint32_t> offsets = Host(op.column_offsets);
    std::fill(offsets.begin(), offsets.end(), 0);
    for (const uint32_t index : batch.indices) ++offsets[index + 1];
    for (size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
    std::vector<uint32_t> next(offsets.begin(), offsets.end() - 1);
    for (size_t row = 0; row < batch.rows(); ++row) {
      for (size_t k = batch.row_offsets[row]; k < batch.row_offsets[row + 1]; ++k) {
        const uint32_t to = next[batch.indices[k]]++;
        op.column_rows.data[to] = static_cast<uint32_t>(row);
        if (!batch.values.empty()) op.column_values.data[to] = batch.values[k];
      }
    }
  }

  void Do(const LinearForwardOp& op, Scratch) override {
    LinearForward(Host(op.batch), Host(op.weights), op.bias, Host(op.margins));
  }
  void Do(const LinearGradientOp& op, Scratch) override {
    LinearGradient(Host(op.batch), Host(op.margin_gradients), Host(op.gradients));
  }
  void Do(const FactorForwardOp& op, Scratch) override {
    FactorizationForward(Host(op.batch), {Host(op.rows), static_cast<uint32_t>(op.dim)}, op.bias,
                         Host(op.margins), Host(op.sums));
  }
  void Do(const FactorGradientOp& op, Scratch) override {
    FactorizationGradient(Host(op.batch), {Host(op.rows), static_cast<uint32_t>(op.dim)},
                          Host(op.sums), Host(op.margin_gradients), Host(op.gradients));
  }
  void Do(const BagForwardOp& op, Scratch) override {
    BagForward({Host(op.batch), Host(op.embeddings), Host(op.bias), op.relu, Host(op.sums)});
  }
  void Do(const BagGradientOp& op, Scratch) override {
    BagGradient(Host(op.batch), op.width, Host(op.sum_gradients), Host(op.gradients));
  }

  void Do(const LossOp& op, Scratch) override {
    const auto results = Host(op.results), labels = Host(op.labels), weights = Host(op.weights);
    const std::span<float> gradients = Host(op.gradients);
    if (op.kind == LossKind::kLogistic) {
      op.loss.data[0] = LogisticLossAndGradients(results, labels, weights, gradients);
    } else if (op.kind == LossKind::kSoftmax) {
      op.loss.data[0] = SoftmaxLossAndGradients(results, labels, weights, gradients);
    } else {
      for (size_t i = 0; i < results.size(); ++i) {
        gradients[i] = op.label_mean + op.label_scale * results[i];
      }
      op.loss.data[0] = SquaredLossAndGradients(gradients, labels, weights, gradients);
      for (float& gradient : gradients) gradient /= op.label_scale;
    }
  }

  void Do(const SumOp& op, Scratch) override {
    op.sum.data[0] = LinearBiasGradient(Host(op.values));
  }
  void Do(const ColumnSumsOp& op, Scratch) override { ColumnSums(Host(op.matrix), Host(op.sums)); }
  void Do(const ReluGradientOp& op, Scratch) override {
    ReluGradient(Host(op.outputs), Host(op.gradients));
  }
  void Do(const MultiplyOp& op, Scratch) override {
    gemm_->Run({.rows = op.rows,
                .cols = op.cols,
                .inner = op.inner,
                .a = Host(op.a),
                .a_transposed = op.a_transposed,
                .b = Host(op.b),
                .b_transposed = op.b_transposed,
                .bias = Host(op.bias),
                .relu = op.relu,
                .c = Host(op.c)},
               &gemm_scratch_);
  }

  void Do(const OptimizerOp& op, Scratch) override {
    const std::unique_ptr<RowOptimizer> optimizer = *MakeRowOptimizer(op.spec, {});
    const size_t states = op.rows == 0 ? 0 : op.state.size / op.rows;
    for (size_t row = 0; row < op.rows; ++row) {
      optimizer->Apply({.gradient = Host(op.gradients).subspan(row * op.width, op.width),
                        .weights = Host(op.weights).subspan(row * op.width, op.width),
                        .state = Host(op.state).subspan(row * states, states),
                        .learning_rate = op.learning_rate,
                        .prior = op.priors.empty() ? 0 : op.priors.data[row]});
    }
  }

  void Do(const UniqueOp& op, Scratch) override {
    uint64_t* const begin = op.distinct.data;
    std::copy_n(op.keys.data, op.keys.size, begin);
    std::sort(begin, begin + op.keys.size);
    const uint64_t* const end = std::unique(begin, begin + op.keys.size);
    op.count.data[0] = static_cast<uint32_t>(end - begin);
    for (size_t i = 0; i < op.keys.size; ++i) {
      const uint64_t* const at = std::lower_bound<const uint64_t*>(begin, end, op.keys.data[i]);
      op.inverse.data[i] = static_cast<uint32_t>(at - begin);
    }
  }

  const GemmKernel* const gemm_;
  GemmScratch gemm_scratch_;
  std::optional<AlignedMemory> memory_;
};

}  // namespace

std::unique_ptr<Backend> MakeCpuBackend(const BackendOptions& options) {
  return std::make_unique<CpuBackend>(options);
}

}  // namespace cairn
