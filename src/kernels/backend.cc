#include "kernels/backend.h"

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "kernels/cpu_backend.h"
#include "kernels/cuda_backend.h"

namespace cairn {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr std::string_view kCpu = "cpu";
constexpr std::string_view kCuda = "cuda";
constexpr uint64_t kOrdinalMax = 255;

// N of "cuda" (0) and "cuda:N".
absl::StatusOr<int> ParseOrdinal(std::string_view device) {
  const std::string_view rest = device.substr(kCuda.size());
  if (rest.empty()) return 0;
  const absl::StatusOr<uint64_t> ordinal = ParseU64(rest.substr(1));
  if (rest[0] == ':' && ordinal.ok() && *ordinal <= kOrdinalMax) return static_cast<int>(*ordinal);
  return InvalidArgument("the device ", Quoted(device), ": a GPU is cuda or cuda:N, N from 0 to ",
                         kOrdinalMax);
}

}  // namespace

size_t Backend::Measure(const std::function<void()>& work) {
  arena_.BeginDryRun();
  work();
  return arena_.EndDryRun();
}

absl::Status Backend::Compute(const std::function<void()>& work) {
  CAIRN_RETURN_IF_ERROR(Reserve(Measure(work)));
  work();
  arena_.Rewind(0);
  return Wait();
}

absl::Status Backend::Reserve(size_t bytes) {
  if (bytes <= arena_.bytes()) return {};
  if (bytes > memory_bytes_max_) {
    return MakeError(absl::StatusCode::kResourceExhausted, name(), ": a step takes ",
                     HumanBytes(bytes), ", and may take ", HumanBytes(memory_bytes_max_));
  }
  arena_.SetMemory(nullptr, 0);
  std::byte* const memory = Allocate(bytes);
  if (memory == nullptr) {
    return MakeError(absl::StatusCode::kResourceExhausted, name(), ": a step takes ",
                     HumanBytes(bytes), ", and the device does not have so much");
  }
  arena_.SetMemory(memory, bytes);
  return {};
}

DeviceBatch Backend::In(const LinearBatch& host, size_t distinct) {
  DeviceBatch batch;
  batch.rows = host.rows();
  batch.distinct = distinct;
  batch.row_offsets = In(host.row_offsets);
  batch.indices = In(host.indices);
  batch.values = In(host.values);
  if (!wants_columns()) return batch;
  TransposeOp op;
  op.batch = batch;
  op.column_offsets = arena_.Take<uint32_t>(distinct + 1);
  op.column_rows = arena_.Take<uint32_t>(host.indices.size());
  op.column_values = arena_.Take<float>(host.values.size());
  Run(op);
  batch.column_offsets = op.column_offsets;
  batch.column_rows = op.column_rows;
  batch.column_values = op.column_values;
  return batch;
}

absl::Status CheckDeviceText(std::string_view device) {
  if (device == kCpu || device == kAuto) return {};
  if (device.starts_with(kCuda)) return ParseOrdinal(device).status();
  return InvalidArgument("the device ", Quoted(device), " is none of auto, cpu, cuda and cuda:N");
}

absl::StatusOr<std::string> ResolveDevice(std::string_view device) {
  CAIRN_RETURN_IF_ERROR(CheckDeviceText(device));
  if (device == kCpu) return std::string(kCpu);
  if (device == kAuto) return std::string(CheckCudaDevice(0).ok() ? "cuda:0" : kCpu);
  CAIRN_ASSIGN_OR_RETURN(const int ordinal, ParseOrdinal(device));
  CAIRN_RETURN_IF_ERROR(Annotate(CheckCudaDevice(ordinal), device));
  return Concat(kCuda, ":", ordinal);
}

std::string DeviceOfWorker(std::string_view device, uint32_t index) {
  const auto count = static_cast<uint32_t>(CountCudaDevices());
  if (device != kCuda || count == 0) return std::string(device);
  return Concat(kCuda, ":", index % count);
}

absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(std::string_view device,
                                                     const BackendOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const std::string resolved, ResolveDevice(device));
  if (resolved == kCpu) return MakeCpuBackend(options);
  CAIRN_ASSIGN_OR_RETURN(const int ordinal, ParseOrdinal(resolved));
  return MakeCudaBackend(ordinal, options);
}

}  // namespace cairn
