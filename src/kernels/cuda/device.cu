// A GPU, its memory and its stream.
#include <cstdio>

#include "kernels/cuda/device.h"

namespace cairn::cuda {

const char* ErrorText(Error error) {
  if (error == kCublasError) return "cuBLASLt could not multiply matrices";
  return cudaGetErrorString(static_cast<cudaError_t>(error));
}

Error CountDevices(int* count) { return cudaGetDeviceCount(count); }

Error Open(int ordinal, Device** device) {
  if (const Error error = cudaSetDevice(ordinal); error != 0) return error;
  cudaStream_t stream = nullptr;
  if (const Error error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking); error != 0) {
    return error;
  }
  *device = new Device{ordinal, stream, OpenBlas()};
  return 0;
}

void Close(Device* device) {
  if (Enter(device) == 0) cudaStreamSynchronize(device->stream);
  CloseBlas(device->blas);
  cudaStreamDestroy(device->stream);
  delete device;
}

Error DescribeDevice(Device* device, char* text, size_t text_bytes, size_t* free_bytes) {
  if (const Error error = Enter(device); error != 0) return error;
  cudaDeviceProp properties;
  if (const Error error = cudaGetDeviceProperties(&properties, device->ordinal); error != 0) {
    return error;
  }
  std::snprintf(text, text_bytes, "%s", properties.name);
  size_t total_bytes = 0;
  return cudaMemGetInfo(free_bytes, &total_bytes);
}

bool HasCublasLt(const Device* device) { return device->blas != nullptr; }

Error Allocate(Device* device, size_t bytes, void** memory) {
  if (const Error error = Enter(device); error != 0) return error;
  const Error error = cudaMalloc(memory, bytes);
  if (error != 0) cudaGetLastError();  // Not enough memory is no error of the next launch.
  return error;
}

Error Free(Device* device, void* memory) {
  if (const Error error = Wait(device); error != 0) return error;
  return cudaFree(memory);
}

Error CopyIn(Device* device, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, device->stream);
}

Error CopyOut(Device* device, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, device->stream);
}

Error Wait(Device* device) {
  if (const Error error = Enter(device); error != 0) return error;
  return cudaStreamSynchronize(device->stream);
}

}  // namespace cairn::cuda
