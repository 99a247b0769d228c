// Losses, sums and ReLU: what a dense network has besides its matrix products. Sums are taken by
// one block each, in an order that depends on nothing but the shape.
#include "kernels/cuda/device.h"

namespace cairn::cuda {
namespace {

// ---- Losses, in double as on the CPU: losses.h.

__device__ double WeightAt(const LossCall& call, size_t row) {
  return call.weights == nullptr ? 1.0 : call.weights[row];
}

__global__ void LogisticKernel(LossCall call) {
  const size_t row = ThreadIndex();
  if (row >= call.rows) return;
  const double z = call.results[row], label = call.labels[row], weight = WeightAt(call, row);
  const double e = exp(-fabs(z));
  const double small = e / (1 + e);
  const double gradient = z >= 0 ? (1 - label) - small : small - label;
  call.row_losses[row] = weight * ((z > 0 ? z : 0.0) - label * z + log1p(e));
  call.gradients[row] = static_cast<float>(weight * gradient);
}

// A thread has a row: there are few classes. Each score is read before its gradient, which may lie
// in its place, is written.
__global__ void SoftmaxKernel(LossCall call) {
  const size_t row = ThreadIndex();
  if (row >= call.rows) return;
  const float* const scores = call.results + row * call.classes;
  float* const gradients = call.gradients + row * call.classes;
  const auto wanted = static_cast<uint32_t>(call.labels[row]);
  const double weight = WeightAt(call, row);
  float highest = scores[0];
  for (uint32_t j = 1; j < call.classes; ++j) {
    if (!(scores[j] <= highest)) highest = scores[j];  // NaN stays, and shows in the sum.
  }
  double sum = 0;
  for (uint32_t j = 0; j < call.classes; ++j) sum += exp(double{scores[j]} - highest);
  call.row_losses[row] = weight * (log(sum) - (double{scores[wanted]} - highest));
  for (uint32_t j = 0; j < call.classes; ++j) {
    const double share = exp(double{scores[j]} - highest) / sum;
    gradients[j] = static_cast<float>(weight * (share - (j == wanted ? 1 : 0)));
  }
}

__global__ void SquaredKernel(LossCall call) {
  const size_t row = ThreadIndex();
  if (row >= call.rows) return;
  const double weight = WeightAt(call, row);
  const float value = call.label_mean + call.label_scale * call.results[row];
  const double error = double{value} - call.labels[row];
  call.row_losses[row] = weight * (error * error);
  call.gradients[row] = static_cast<float>(2 * weight * error) / call.label_scale;
}

// ---- Sums.

// One block: each thread adds up every kThreads-th number, then the threads do so in pairs.
template <typename From, typename To>
__global__ void SumKernel(const From* values, size_t count, To* result) {
  __shared__ double sums[kThreads];
  double sum = 0;
  for (size_t i = threadIdx.x; i < count; i += kThreads) sum += values[i];
  sums[threadIdx.x] = sum;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *result = static_cast<To>(sums[0]);
}

template <typename From, typename To>
Error LaunchSum(Device* device, const From* values, size_t count, To* result) {
  return Launch(device, kThreads, SumKernel<From, To>, values, count, result);
}

constexpr int kSumRows = 32;

// A block has kWarp columns; in each, every kSumRows-th row is one thread's.
__global__ void ColumnSumsKernel(const float* matrix, size_t rows, uint32_t columns, float* sums) {
  __shared__ float parts[kSumRows][kWarp];
  const uint32_t column = blockIdx.x * kWarp + threadIdx.x;
  float sum = 0;
  if (column < columns) {
    for (size_t row = threadIdx.y; row < rows; row += kSumRows)
      sum += matrix[row * columns + column];
  }
  parts[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= columns) return;
  for (int part = 1; part < kSumRows; ++part) sum += parts[part][threadIdx.x];
  sums[column] = sum;
}

__global__ void ReluGradientKernel(const float* outputs, size_t count, float* gradients) {
  const size_t i = ThreadIndex();
  if (i < count && !(outputs[i] > 0)) gradients[i] = 0;
}

}  // namespace

Error LossAndGradients(Device* device, const LossCall& call) {
  const auto kernel = call.kind == Loss::kLogistic  ? LogisticKernel
                      : call.kind == Loss::kSoftmax ? SoftmaxKernel
                                                    : SquaredKernel;
  if (const Error error = Launch(device, call.rows, kernel, call); error != 0) return error;
  return LaunchSum(device, call.row_losses, call.rows, call.loss);
}

Error Sum(Device* device, const float* values, size_t count, float* sum) {
  return LaunchSum(device, values, count, sum);
}

Error ColumnSums(Device* device, const float* matrix, size_t rows, uint32_t columns, float* sums) {
  if (const Error error = Enter(device); error != 0) return error;
  const unsigned blocks = (columns + kWarp - 1) / kWarp;
  ColumnSumsKernel<<<blocks, dim3(kWarp, kSumRows), 0, device->stream>>>(matrix, rows, columns,
                                                                         sums);
  return cudaGetLastError();
}

Error ReluGradient(Device* device, const float* outputs, size_t count, float* gradients) {
  return Launch(device, count, ReluGradientKernel, outputs, count, gradients);
}

}  // namespace cairn::cuda
