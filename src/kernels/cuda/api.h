// The seam between cuda_backend.cc and what nvcc compiles: plain structs of pointers into device
// memory, and functions that put work into the device's stream. No header of another library than
// the standard one on either side.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::cuda {

using Error = int;  // A cudaError_t, or kCublasError; 0: none.
constexpr Error kCublasError = 100'000;

const char* ErrorText(Error error);

// One GPU with a stream of work, and what the libraries keep for it.
struct Device;

Error CountDevices(int* count);
Error Open(int ordinal, Device** device);
void Close(Device* device);
// At most `text_bytes`, with the final 0.
Error DescribeDevice(Device* device, char* text, size_t text_bytes, size_t* free_bytes);
bool HasCublasLt(const Device* device);

Error Allocate(Device* device, size_t bytes, void** memory);
Error Free(Device* device, void* memory);
Error CopyIn(Device* device, void* to, const void* from, size_t bytes);
Error CopyOut(Device* device, void* to, const void* from, size_t bytes);
Error Wait(Device* device);

// As DeviceBatch.
struct Batch {
  uint32_t rows, distinct, nonzeros;
  const uint32_t* row_offsets;
  const uint32_t* indices;
  const float* values;  // Null: each is 1.
  const uint32_t* column_offsets;
  const uint32_t* column_rows;
  const float* column_values;  // As values.
};

struct Memory {
  void* data;
  size_t bytes;
};

// ---- sort.cu
size_t TransposeScratchBytes(const Device* device, uint32_t nonzeros);
Error Transpose(Device* device, const Batch& batch, uint32_t* column_offsets, uint32_t* column_rows,
                float* column_values, Memory scratch);
size_t UniqueScratchBytes(const Device* device, uint32_t keys);
Error Unique(Device* device, const uint64_t* keys, uint32_t count, uint64_t* distinct,
             uint32_t* inverse, uint32_t* distinct_count, Memory scratch);

// ---- sparse.cu
Error LinearForward(Device* device, const Batch& batch, const float* weights, float bias,
                    float* margins);
Error LinearGradient(Device* device, const Batch& batch, const float* margin_gradients,
                     float* gradients);
struct Factors {
  const float* rows;
  uint32_t dim;
};
Error FactorForward(Device* device, const Batch& batch, Factors factors, float bias, float* margins,
                    float* sums);
Error FactorGradient(Device* device, const Batch& batch, Factors factors, const float* sums,
                     const float* margin_gradients, float* gradients);
struct Bag {
  const float* embeddings;
  const float* bias;
  uint32_t width;
  bool relu;
};
Error BagForward(Device* device, const Batch& batch, Bag bag, float* sums);
Error BagGradient(Device* device, const Batch& batch, uint32_t width, const float* sum_gradients,
                  float* gradients);

// ---- dense.cu
enum class Loss : int { kLogistic, kSoftmax, kSquared };
struct LossCall {
  Loss kind;
  uint32_t rows, classes;
  float label_mean, label_scale;
  const float* results;
  const float* labels;
  const float* weights;  // Null: all are 1.
  float* gradients;
  double* row_losses;  // [rows], scratch.
  double* loss;
};
Error LossAndGradients(Device* device, const LossCall& call);
Error Sum(Device* device, const float* values, size_t count, float* sum);
Error ColumnSums(Device* device, const float* matrix, size_t rows, uint32_t columns, float* sums);
Error ReluGradient(Device* device, const float* outputs, size_t count, float* gradients);

// As MultiplyOp.
struct Product {
  uint32_t rows, cols, inner;
  const float* a;
  bool a_transposed;
  const float* b;
  bool b_transposed;
  const float* bias;  // Null: none.
  bool relu;
  float* c;
};
Error Multiply(Device* device, const Product& product);

// ---- optimizers.cu
enum class Rule : int { kSgd, kAdagrad, kRowwiseAdagrad, kFtrl, kAdam, kSum, kAssign };
struct RowUpdates {
  Rule rule;
  float alpha, beta, l1, epsilon, beta1, beta2;
  uint32_t rows, width, state_floats;
  const float* gradients;
  const float* priors;  // Null: all are 0.
  float learning_rate;
  float* weights;
  float* state;
};
Error ApplyRows(Device* device, const RowUpdates& updates);

}  // namespace cairn::cuda
