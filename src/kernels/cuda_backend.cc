#include "kernels/cuda_backend.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/status.h"

#ifndef CAIRN_HAS_CUDA  // The build found no nvcc, or was told to do without.

namespace cairn {

int CountCudaDevices() { return 0; }

absl::Status CheckCudaDevice(int) {
  return FailedPrecondition("this program was built without CUDA; build it with -DCAIRN_CUDA=ON");
}

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(int ordinal, const BackendOptions&) {
  return CheckCudaDevice(ordinal);
}

}  // namespace cairn

#else

#include "kernels/cuda/api.h"

namespace cairn {
namespace {

// What others on the device, and the driver itself, may want.
constexpr size_t kBytesLeftFree = size_t{256} << 20;

uint32_t Narrow(size_t size) {
  CAIRN_CHECK(size <= 0xFFFFFFFF);
  return static_cast<uint32_t>(size);
}

template <typename T>
T* OrNull(DeviceSpan<T> memory) {
  return memory.empty() ? nullptr : memory.data;
}

cuda::Batch Of(const DeviceBatch& batch) {
  return {Narrow(batch.rows),        Narrow(batch.distinct), Narrow(batch.nonzeros()),
          batch.row_offsets.data,    batch.indices.data,     OrNull(batch.values),
          batch.column_offsets.data, batch.column_rows.data, OrNull(batch.column_values)};
}

cuda::Memory Of(DeviceSpan<std::byte> scratch) { return {scratch.data, scratch.size}; }

cuda::Rule RuleOfName(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, cuda::Rule>, 7> kRules = {{
      {"sgd", cuda::Rule::kSgd},
      {"adagrad", cuda::Rule::kAdagrad},
      {"rowwise_adagrad", cuda::Rule::kRowwiseAdagrad},
      {"ftrl", cuda::Rule::kFtrl},
      {"adam", cuda::Rule::kAdam},
      {"sum", cuda::Rule::kSum},
      {"assign", cuda::Rule::kAssign},
  }};
  for (const auto& [known, rule] : kRules) {
    if (known == name) return rule;
  }
  CAIRN_CHECK(false, "an optimizer that is not built in");
  return cuda::Rule::kSgd;
}

class CudaBackend final : public Backend {
 public:
  // Takes the device over.
  CudaBackend(cuda::Device* device, std::string name, size_t memory_bytes_max)
      : Backend(memory_bytes_max), device_(device), name_(std::move(name)) {}
  ~CudaBackend() override {
    if (memory_ != nullptr) cuda::Free(device_, memory_);
    cuda::Close(device_);
  }

  DeviceKind kind() const override { return DeviceKind::kCuda; }
  std::string name() const override { return name_; }

 private:
  using Scratch = DeviceSpan<std::byte>;

  // The first one is the cause of the others.
  void Keep(cuda::Error error) {
    if (error_ == 0) error_ = error;
  }

  absl::Status Wait() override {
    Keep(cuda::Wait(device_));
    const cuda::Error error = std::exchange(error_, 0);
    if (error == 0) return {};
    return Internal(name_, ": ", cuda::ErrorText(error),
                    "; --device cpu does without it, CUDA_LAUNCH_BLOCKING=1 says more");
  }

  std::byte* Allocate(size_t bytes) override {
    if (memory_ != nullptr) Keep(cuda::Free(device_, std::exchange(memory_, nullptr)));
    if (cuda::Allocate(device_, bytes, &memory_) != 0) memory_ = nullptr;
    return static_cast<std::byte*>(memory_);
  }
  bool wants_columns() const override { return true; }
  void CopyIn(void* to, const void* from, size_t bytes) override {
    Keep(cuda::CopyIn(device_, to, from, bytes));
  }
  void CopyOut(void* to, const void* from, size_t bytes) override {
    Keep(cuda::CopyOut(device_, to, from, bytes));
  }

  size_t ScratchBytes(const TransposeOp& op) const override {
    return cuda::TransposeScratchBytes(device_, Narrow(op.batch.nonzeros()));
  }
  size_t ScratchBytes(const LossOp& op) const override { return op.labels.size * sizeof(double); }
  size_t ScratchBytes(const UniqueOp& op) const override {
    return cuda::UniqueScratchBytes(device_, Narrow(op.keys.size));
  }

  void Do(const TransposeOp& op, Scratch scratch) override {
    Keep(cuda::Transpose(device_, Of(op.batch), op.column_offsets.data, op.column_rows.data,
                         OrNull(op.column_values), Of(scratch)));
  }
  void Do(const LinearForwardOp& op, Scratch) override {
    Keep(cuda::LinearForward(device_, Of(op.batch), op.weights.data, op.bias, op.margins.data));
  }
  void Do(const LinearGradientOp& op, Scratch) override {
    Keep(cuda::LinearGradient(device_, Of(op.batch), op.margin_gradients.data, op.gradients.data));
  }
  void Do(const FactorForwardOp& op, Scratch) override {
    Keep(cuda::FactorForward(device_, Of(op.batch), {op.rows.data, Narrow(op.dim)}, op.bias,
                             op.margins.data, op.sums.data));
  }
  void Do(const FactorGradientOp& op, Scratch) override {
    Keep(cuda::FactorGradient(device_, Of(op.batch), {op.rows.data, Narrow(op.dim)}, op.sums.data,
                              op.margin_gradients.data, op.gradients.data));
  }
  void Do(const BagForwardOp& op, Scratch) override {
    Keep(cuda::BagForward(device_, Of(op.batch),
                          {op.embeddings.data, op.bias.data, Narrow(op.bias.size), op.relu},
                          op.sums.data));
  }
  void Do(const BagGradientOp& op, Scratch) override {
    Keep(cuda::BagGradient(device_, Of(op.batch), Narrow(op.width), op.sum_gradients.data,
                           op.gradients.data));
  }

  void Do(const LossOp& op, Scratch scratch) override {
    cuda::LossCall call{};
    call.kind = op.kind == LossKind::kLogistic  ? cuda::Loss::kLogistic
                : op.kind == LossKind::kSoftmax ? cuda::Loss::kSoftmax
                                                : cuda::Loss::kSquared;
    call.rows = Narrow(op.labels.size);
    call.classes = Narrow(op.classes);
    call.label_mean = op.label_mean;
    call.label_scale = op.label_scale;
    call.results = op.results.data;
    call.labels = op.labels.data;
    call.weights = OrNull(op.weights);
    call.gradients = op.gradients.data;
    call.row_losses = reinterpret_cast<double*>(scratch.data);
    call.loss = op.loss.data;
    Keep(cuda::LossAndGradients(device_, call));
  }

  void Do(const SumOp& op, Scratch) override {
    Keep(cuda::Sum(device_, op.values.data, op.values.size, op.sum.data));
  }
  void Do(const ColumnSumsOp& op, Scratch) override {
    if (op.sums.empty()) return;
    Keep(cuda::ColumnSums(device_, op.matrix.data, op.matrix.size / op.sums.size,
                          Narrow(op.sums.size), op.sums.data));
  }
  void Do(const ReluGradientOp& op, Scratch) override {
    Keep(cuda::ReluGradient(device_, op.outputs.data, op.outputs.size, op.gradients.data));
  }
  void Do(const MultiplyOp& op, Scratch) override {
    Keep(cuda::Multiply(
        device_, {Narrow(op.rows), Narrow(op.cols), Narrow(op.inner), op.a.data, op.a_transposed,
                  op.b.data, op.b_transposed, OrNull(op.bias), op.relu, op.c.data}));
  }

  void Do(const OptimizerOp& op, Scratch) override {
    cuda::RowUpdates updates{};
    updates.rule = RuleOfName(op.spec.name);
    updates.alpha = op.spec.learning_rate;
    updates.beta = op.spec.beta;
    updates.l1 = op.spec.l1;
    updates.epsilon = op.spec.epsilon;
    updates.beta1 = op.spec.beta1;
    updates.beta2 = op.spec.beta2;
    updates.rows = Narrow(op.rows);
    updates.width = Narrow(op.width);
    updates.state_floats = op.rows == 0 ? 0 : Narrow(op.state.size / op.rows);
    updates.gradients = op.gradients.data;
    updates.priors = OrNull(op.priors);
    updates.learning_rate = op.learning_rate;
    updates.weights = op.weights.data;
    updates.state = op.state.data;
    Keep(cuda::ApplyRows(device_, updates));
  }

  void Do(const UniqueOp& op, Scratch scratch) override {
    Keep(cuda::Unique(device_, op.keys.data, Narrow(op.keys.size), op.distinct.data,
                      op.inverse.data, op.count.data, Of(scratch)));
  }

  cuda::Device* const device_;  // Owned.
  const std::string name_;
  void* memory_ = nullptr;  // The arena's, owned.
  cuda::Error error_ = 0;
};

}  // namespace

int CountCudaDevices() {
  int count = 0;
  return cuda::CountDevices(&count) == 0 ? count : 0;
}

absl::Status CheckCudaDevice(int ordinal) {
  int count = 0;
  const cuda::Error error = cuda::CountDevices(&count);
  if (error != 0) {
    return FailedPrecondition("no GPU was found (", cuda::ErrorText(error), ")");
  }
  if (ordinal >= 0 && ordinal < count) return {};
  if (count == 0) return FailedPrecondition("no GPU was found");
  return FailedPrecondition("there is no GPU ", ordinal, ": they are 0 to ", count - 1);
}

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(int ordinal,
                                                         const BackendOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckCudaDevice(ordinal));
  const std::string name = Concat("cuda:", ordinal);
  cuda::Device* device = nullptr;
  if (const cuda::Error error = cuda::Open(ordinal, &device); error != 0) {
    return Internal(name, " does not start: ", cuda::ErrorText(error));
  }
  char text[128] = "";
  size_t free_bytes = 0;
  if (const cuda::Error error = cuda::DescribeDevice(device, text, sizeof text, &free_bytes);
      error != 0) {
    cuda::Close(device);
    return Internal(name, " does not start: ", cuda::ErrorText(error));
  }
  const size_t most = free_bytes - std::min(free_bytes, kBytesLeftFree);
  const size_t wanted = options.memory_bytes_max;
  const char* const less = cuda::HasCublasLt(device) ? "" : ", without cuBLASLt";
  return std::make_unique<CudaBackend>(device, Concat(name, ", ", text, less),
                                       wanted == 0 ? most : wanted);
}

}  // namespace cairn

#endif  // CAIRN_HAS_CUDA
