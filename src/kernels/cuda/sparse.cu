// Linear models, factorization machines and bags. Forward, a warp (or block) has a row and sums
// over its features; back, one has a feature and sums over its rows, by the batch's columns. So
// each output is written once, by one thread, from a sum in a fixed order: no atomics, and the same
// bits every time.
#include "kernels/cuda/device.h"

namespace cairn::cuda {
namespace {

__device__ float ValueAt(const float* values, uint32_t k) {
  return values == nullptr ? 1.0f : values[k];
}

__global__ void LinearForwardKernel(Batch batch, const float* weights, float bias, float* margins) {
  const size_t row = WarpIndex();
  if (row >= batch.rows) return;
  float sum = 0;
  for (uint32_t k = batch.row_offsets[row] + Lane(); k < batch.row_offsets[row + 1]; k += kWarp) {
    sum += weights[batch.indices[k]] * ValueAt(batch.values, k);
  }
  sum = WarpSum(sum);
  if (Lane() == 0) margins[row] = bias + sum;
}

__global__ void LinearGradientKernel(Batch batch, const float* margin_gradients, float* gradients) {
  const size_t column = WarpIndex();
  if (column >= batch.distinct) return;
  const uint32_t end = batch.column_offsets[column + 1];
  float sum = 0;
  for (uint32_t k = batch.column_offsets[column] + Lane(); k < end; k += kWarp) {
    sum += margin_gradients[batch.column_rows[k]] * ValueAt(batch.column_values, k);
  }
  sum = WarpSum(sum);
  if (Lane() == 0) gradients[column] = sum;
}

// How a warp goes through vectors of `dim` numbers: `width` lanes, a power of two, side by side in
// each of them, and kWarp / width vectors at a time.
struct Tile {
  uint32_t width;
  __device__ uint32_t number() const { return Lane() % width; }
  __device__ uint32_t vector() const { return Lane() / width; }
  __device__ uint32_t vectors() const { return kWarp / width; }
  // The sum over the vectors, for each number.
  __device__ float Sum(float x) const {
    for (uint32_t offset = width; offset < kWarp; offset *= 2) {
      x += __shfl_xor_sync(~0u, x, offset);
    }
    return x;
  }
};

Tile TileOf(uint32_t dim) {
  uint32_t width = 1;
  while (width < dim && width < kWarp) width *= 2;
  return {width};
}

__global__ void FactorForwardKernel(Batch batch, Factors factors, Tile tile, float bias,
                                    float* margins, float* sums) {
  const size_t row = WarpIndex();
  if (row >= batch.rows) return;
  const uint32_t begin = batch.row_offsets[row], end = batch.row_offsets[row + 1];
  const size_t stride = size_t{factors.dim} + 1;
  float linear = 0, pairs = 0;
  for (uint32_t k = begin + Lane(); k < end; k += kWarp) {
    linear += factors.rows[batch.indices[k] * stride] * ValueAt(batch.values, k);
  }
  for (uint32_t first = 0; first < factors.dim; first += tile.width) {
    const uint32_t f = first + tile.number();
    float sum = 0, squares = 0;
    if (f < factors.dim) {
      for (uint32_t k = begin + tile.vector(); k < end; k += tile.vectors()) {
        const float product =
            factors.rows[batch.indices[k] * stride + 1 + f] * ValueAt(batch.values, k);
        sum += product;
        squares += product * product;
      }
    }
    sum = tile.Sum(sum);
    squares = tile.Sum(squares);
    if (f < factors.dim && tile.vector() == 0) {
      sums[row * factors.dim + f] = sum;
      pairs += sum * sum - squares;
    }
  }
  const float margin = WarpSum(linear + 0.5f * pairs);
  if (Lane() == 0) margins[row] = bias + margin;
}

__global__ void FactorGradientKernel(Batch batch, Factors factors, Tile tile, const float* sums,
                                     const float* margin_gradients, float* gradients) {
  const size_t column = WarpIndex();
  if (column >= batch.distinct) return;
  const uint32_t begin = batch.column_offsets[column], end = batch.column_offsets[column + 1];
  const size_t at = column * (size_t{factors.dim} + 1);
  float linear = 0;
  for (uint32_t k = begin + Lane(); k < end; k += kWarp) {
    linear += margin_gradients[batch.column_rows[k]] * ValueAt(batch.column_values, k);
  }
  linear = WarpSum(linear);
  if (Lane() == 0) gradients[at] = linear;
  for (uint32_t first = 0; first < factors.dim; first += tile.width) {
    const uint32_t f = first + tile.number();
    float sum = 0;
    if (f < factors.dim) {
      const float number = factors.rows[at + 1 + f];
      for (uint32_t k = begin + tile.vector(); k < end; k += tile.vectors()) {
        const size_t row = batch.column_rows[k];
        const float value = ValueAt(batch.column_values, k);
        sum += margin_gradients[row] * value * (sums[row * factors.dim + f] - number * value);
      }
    }
    sum = tile.Sum(sum);
    if (f < factors.dim && tile.vector() == 0) gradients[at + 1 + f] = sum;
  }
}

// A block has a row, each thread some of its numbers.
__global__ void BagForwardKernel(Batch batch, Bag bag, float* sums) {
  const size_t row = blockIdx.x;
  const uint32_t begin = batch.row_offsets[row], end = batch.row_offsets[row + 1];
  for (uint32_t j = threadIdx.x; j < bag.width; j += blockDim.x) {
    float sum = bag.bias[j];
    for (uint32_t k = begin; k < end; ++k) {
      sum += ValueAt(batch.values, k) * bag.embeddings[size_t{batch.indices[k]} * bag.width + j];
    }
    sums[row * bag.width + j] = bag.relu && sum < 0 ? 0.0f : sum;
  }
}

__global__ void BagGradientKernel(Batch batch, uint32_t width, const float* sum_gradients,
                                  float* gradients) {
  const size_t column = blockIdx.x;
  const uint32_t begin = batch.column_offsets[column], end = batch.column_offsets[column + 1];
  for (uint32_t j = threadIdx.x; j < width; j += blockDim.x) {
    float sum = 0;
    for (uint32_t k = begin; k < end; ++k) {
      sum +=
          ValueAt(batch.column_values, k) * sum_gradients[size_t{batch.column_rows[k]} * width + j];
    }
    gradients[column * width + j] = sum;
  }
}

// As many threads as a row of `width` numbers keeps busy, in whole warps.
unsigned ThreadsFor(uint32_t width) {
  const unsigned warps = (std::min<uint32_t>(width, kThreads) + kWarp - 1) / kWarp;
  return warps * kWarp;
}

}  // namespace

Error LinearForward(Device* device, const Batch& batch, const float* weights, float bias,
                    float* margins) {
  return Launch(device, size_t{batch.rows} * kWarp, LinearForwardKernel, batch, weights, bias,
                margins);
}

Error LinearGradient(Device* device, const Batch& batch, const float* margin_gradients,
                     float* gradients) {
  return Launch(device, size_t{batch.distinct} * kWarp, LinearGradientKernel, batch,
                margin_gradients, gradients);
}

Error FactorForward(Device* device, const Batch& batch, Factors factors, float bias, float* margins,
                    float* sums) {
  return Launch(device, size_t{batch.rows} * kWarp, FactorForwardKernel, batch, factors,
                TileOf(factors.dim), bias, margins, sums);
}

Error FactorGradient(Device* device, const Batch& batch, Factors factors, const float* sums,
                     const float* margin_gradients, float* gradients) {
  return Launch(device, size_t{batch.distinct} * kWarp, FactorGradientKernel, batch, factors,
                TileOf(factors.dim), sums, margin_gradients, gradients);
}

Error BagForward(Device* device, const Batch& batch, Bag bag, float* sums) {
  if (batch.rows == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  BagForwardKernel<<<batch.rows, ThreadsFor(bag.width), 0, device->stream>>>(batch, bag, sums);
  return cudaGetLastError();
}

Error BagGradient(Device* device, const Batch& batch, uint32_t width, const float* sum_gradients,
                  float* gradients) {
  if (batch.distinct == 0) return 0;
  if (const Error error = Enter(device); error != 0) return error;
  BagGradientKernel<<<batch.distinct, ThreadsFor(width), 0, device->stream>>>(
      batch, width, sum_gradients, gradients);
  return cudaGetLastError();
}

}  // namespace cairn::cuda
