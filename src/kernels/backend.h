// Where a training step is computed: the CPU, or a GPU. Math on contiguous memory; no keys and no
// network. The same operations on either, held to the same definitions by
// test/kernels/conformance_test.cc.
//
// A step is work for Compute: a function that names what goes in, the operations and what comes
// out. They are carried out in the order of its calls; when Compute returns, what comes out is
// there. Not thread-safe: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/arena.h"
#include "kernels/device_ops.h"
#include "kernels/gemm.h"
#include "kernels/linear.h"

namespace cairn {

enum class DeviceKind : uint8_t { kCpu, kCuda };

struct BackendOptions {
  size_t memory_bytes_max = 0;       // Of a step; 0: what the device has free.
  const GemmKernel* gemm = nullptr;  // On the CPU; null: the fastest.
};

class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  virtual DeviceKind kind() const = 0;
  virtual std::string name() const = 0;  // "cpu", "cuda:0, NVIDIA H200": for people.
  size_t memory_bytes_max() const { return memory_bytes_max_; }

  // The most bytes that `work`, made of the calls below, takes at a time. It is called, but nothing
  // is computed: no data is there.
  size_t Measure(const std::function<void()>& work);
  // Computes it, from its memory to the end. kResourceExhausted: it takes more than
  // memory_bytes_max, or than the device has. kInternal: the device has failed.
  absl::Status Compute(const std::function<void()>& work);

  // ---- For work to call.

  // Memory for what lies between operations.
  Arena& arena() { return arena_; }

  // Host memory as the device reads it: itself on the CPU, else a copy.
  template <typename T>
  DeviceSpan<const T> In(std::span<const T> host) {
    if (kind() == DeviceKind::kCpu) return {host.data(), host.size()};
    return CopyOf(host);
  }
  // The same for what is changed in place.
  template <typename T>
  DeviceSpan<T> InOut(std::span<T> host) {
    if (kind() == DeviceKind::kCpu) return {host.data(), host.size()};
    return CopyOf(std::span<const T>(host));
  }
  DeviceBatch In(const LinearBatch& batch, size_t distinct);
  // Memory for a result that is to come to `host`: itself on the CPU.
  template <typename T>
  DeviceSpan<T> Out(std::span<T> host) {
    if (kind() == DeviceKind::kCpu) return {host.data(), host.size()};
    return arena_.Take<T>(host.size());
  }
  // Brings it there, or what was changed.
  template <typename T>
  void Fetch(DeviceSpan<T> from, std::span<T> host) {
    if (kind() == DeviceKind::kCpu || arena_.is_dry()) return;
    CopyOut(host.data(), from.data, host.size_bytes());
  }

  // One operation.
  template <typename Op>
  void Run(const Op& op) {
    op.Check();
    const size_t mark = arena_.mark();
    const DeviceSpan<std::byte> scratch = arena_.Take<std::byte>(ScratchBytes(op));
    if (!arena_.is_dry()) Do(op, scratch);
    arena_.Rewind(mark);
  }

 protected:
  explicit Backend(size_t memory_bytes_max) : memory_bytes_max_(memory_bytes_max) {}

 private:
  using Scratch = DeviceSpan<std::byte>;

  template <typename T>
  DeviceSpan<T> CopyOf(std::span<const T> host) {
    const DeviceSpan<T> memory = arena_.Take<T>(host.size());
    if (!arena_.is_dry()) CopyIn(memory.data, host.data(), host.size_bytes());
    return memory;
  }

  // Sees to it that the arena has so many bytes.
  absl::Status Reserve(size_t bytes);
  // Until all that was begun is done. kInternal: something of it has failed.
  virtual absl::Status Wait() = 0;

  // A block of at least so many bytes instead of the one before; null: there is not so much.
  virtual std::byte* Allocate(size_t bytes) = 0;
  virtual bool wants_columns() const = 0;
  virtual void CopyIn(void* to, const void* from, size_t bytes) = 0;
  virtual void CopyOut(void* to, const void* from, size_t bytes) = 0;

  template <typename Op>
  size_t ScratchBytes(const Op&) const {
    return 0;
  }
  virtual size_t ScratchBytes(const TransposeOp& op) const = 0;
  virtual size_t ScratchBytes(const LossOp& op) const = 0;
  virtual size_t ScratchBytes(const UniqueOp& op) const = 0;

  virtual void Do(const TransposeOp& op, Scratch scratch) = 0;
  virtual void Do(const LinearForwardOp& op, Scratch scratch) = 0;
  virtual void Do(const LinearGradientOp& op, Scratch scratch) = 0;
  virtual void Do(const FactorForwardOp& op, Scratch scratch) = 0;
  virtual void Do(const FactorGradientOp& op, Scratch scratch) = 0;
  virtual void Do(const BagForwardOp& op, Scratch scratch) = 0;
  virtual void Do(const BagGradientOp& op, Scratch scratch) = 0;
  virtual void Do(const LossOp& op, Scratch scratch) = 0;
  virtual void Do(const SumOp& op, Scratch scratch) = 0;
  virtual void Do(const ColumnSumsOp& op, Scratch scratch) = 0;
  virtual void Do(const ReluGradientOp& op, Scratch scratch) = 0;
  virtual void Do(const MultiplyOp& op, Scratch scratch) = 0;
  virtual void Do(const OptimizerOp& op, Scratch scratch) = 0;
  virtual void Do(const UniqueOp& op, Scratch scratch) = 0;

  const size_t memory_bytes_max_;
  Arena arena_;
};

// What people write for a device: "auto", "cpu", "cuda", "cuda:N". kInvalidArgument: anything else.
absl::Status CheckDeviceText(std::string_view device);

// "cpu", or "cuda:N", of that. auto is the first GPU if there is one, else the CPU. Errors are
// CheckDeviceText's; kFailedPrecondition: a GPU that is not there, or this program was built
// without CUDA.
absl::StatusOr<std::string> ResolveDevice(std::string_view device);

// What worker `index` (from 0) of several on this machine takes, where they were told `device`: of
// "cuda", GPU `index` modulo the number that there are; else the same.
std::string DeviceOfWorker(std::string_view device, uint32_t index);

// `device` as above. Errors are ResolveDevice's, or kInternal: the device does not start.
absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(std::string_view device,
                                                     const BackendOptions& options);

}  // namespace cairn
