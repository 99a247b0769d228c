// What the .cu files share: the device behind api.h, and how kernels are launched.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>

#include "kernels/cuda/api.h"

namespace cairn::cuda {

// cuBLASLt, loaded when a device is opened: multiply.cu.
struct Blas;

struct Device {
  int ordinal;
  cudaStream_t stream;
  Blas* blas;  // Null: the library is not there.
};

Blas* OpenBlas();
void CloseBlas(Blas* blas);

constexpr int kWarp = 32;
constexpr int kThreads = 256;  // Of a block.

// Makes the device the calling thread's current one.
inline Error Enter(const Device* device) { return cudaSetDevice(device->ordinal); }

inline unsigned Blocks(size_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

// Starts at least `threads` threads, in blocks of kThreads; none if there is nothing to do. The
// kernel leaves out those that are too many.
template <typename... Parameters, typename... Arguments>
Error Launch(const Device* device, size_t threads, void (*kernel)(Parameters...),
             Arguments... arguments) {
  if (threads == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  kernel<<<Blocks(threads), kThreads, 0, device->stream>>>(arguments...);
  return cudaGetLastError();
}

// The position of the calling thread, and of its warp, among all of the launch.
__device__ inline size_t ThreadIndex() { return size_t{blockIdx.x} * blockDim.x + threadIdx.x; }
__device__ inline size_t WarpIndex() { return ThreadIndex() / kWarp; }
__device__ inline uint32_t Lane() { return threadIdx.x % kWarp; }

// The sum over a warp, to each of its lanes, always in the same order.
__device__ inline float WarpSum(float x) {
  for (int offset = kWarp / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(~0u, x, offset);
  return x;
}

}  // namespace cairn::cuda
