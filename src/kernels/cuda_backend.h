// The backend that computes on a GPU by CUDA: own kernels in one stream, and cuBLASLt for matrix
// products where its library is found. The code that nvcc compiles is behind kernels/cuda/api.h.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/backend.h"

namespace cairn {

// GPUs that this program can use. Built without CUDA, or after an error of the driver: 0.
int CountCudaDevices();

// kFailedPrecondition: this program was built without CUDA, or has no such GPU. Any error of the
// driver counts as no GPU.
absl::Status CheckCudaDevice(int ordinal);

// As CheckCudaDevice; or kInternal: the device does not start.
absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(int ordinal,
                                                         const BackendOptions& options);

}  // namespace cairn
