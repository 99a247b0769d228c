// What needs sorting, by CUB: a batch's entries by feature, and keys without repeats. Radix sort
// keeps the order of equal keys, so results do not depend on how the device schedules its work.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>

#include "kernels/cuda/device.h"

namespace cairn::cuda {
namespace {

constexpr size_t kAlignment = 256;

size_t Aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Cuts scratch memory into arrays.
class Cutter {
 public:
  explicit Cutter(Memory scratch) : next_(static_cast<std::byte*>(scratch.data)) {}
  template <typename T>
  T* Take(size_t count) {
    T* const taken = reinterpret_cast<T*>(next_);
    next_ += Aligned(count * sizeof(T));
    return taken;
  }

 private:
  std::byte* next_;
};

template <typename Key>
Error SortByKey(Device* device, void* scratch, size_t* scratch_bytes, const Key* keys,
                Key* sorted_keys, const uint32_t* positions, uint32_t* sorted_positions,
                uint32_t count, int bits) {
  return cub::DeviceRadixSort::SortPairs(scratch, *scratch_bytes, keys, sorted_keys, positions,
                                         sorted_positions, static_cast<int>(count), 0, bits,
                                         device == nullptr ? nullptr : device->stream);
}

Error Scan(Device* device, void* scratch, size_t* scratch_bytes, const uint32_t* from, uint32_t* to,
           uint32_t count) {
  return cub::DeviceScan::InclusiveSum(scratch, *scratch_bytes, from, to, static_cast<int>(count),
                                       device == nullptr ? nullptr : device->stream);
}

// What CUB asks for, with all bits of a key: fewer never take more. It depends on the current
// device.
template <typename Key>
size_t SortScratchBytes(uint32_t count) {
  size_t bytes = 0;
  SortByKey<Key>(nullptr, nullptr, &bytes, nullptr, nullptr, nullptr, nullptr, count,
                 8 * sizeof(Key));
  return Aligned(bytes);
}

size_t ScanScratchBytes(uint32_t count) {
  size_t bytes = 0;
  Scan(nullptr, nullptr, &bytes, nullptr, nullptr, count);
  return Aligned(bytes);
}

__global__ void CountUpKernel(uint32_t count, uint32_t* positions) {
  const size_t i = ThreadIndex();
  if (i < count) positions[i] = static_cast<uint32_t>(i);
}

// column_offsets[c] = how many of the sorted indices are below c.
__global__ void ColumnOffsetsKernel(const uint32_t* sorted_indices, uint32_t count,
                                    uint32_t columns, uint32_t* column_offsets) {
  const size_t i = ThreadIndex();
  if (i > count) return;
  const uint32_t from = i == 0 ? 0 : sorted_indices[i - 1] + 1;
  const uint32_t to = i == count ? columns : sorted_indices[i];
  for (uint32_t c = from; c <= to; ++c) column_offsets[c] = static_cast<uint32_t>(i);
}

// The row of entry k: the last one that begins at or before it.
__device__ uint32_t RowOf(const Batch& batch, uint32_t k) {
  uint32_t low = 0, high = batch.rows;  // row_offsets[low] <= k < row_offsets[high]
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    (batch.row_offsets[middle] <= k ? low : high) = middle;
  }
  return low;
}

__global__ void ColumnEntriesKernel(Batch batch, const uint32_t* positions, uint32_t* column_rows,
                                    float* column_values) {
  const size_t i = ThreadIndex();
  if (i >= batch.nonzeros) return;
  const uint32_t k = positions[i];
  column_rows[i] = RowOf(batch, k);
  if (batch.values != nullptr) column_values[i] = batch.values[k];
}

// 1 where another key begins.
__global__ void FirstsKernel(const uint64_t* sorted, uint32_t count, uint32_t* firsts) {
  const size_t i = ThreadIndex();
  if (i < count) firsts[i] = i == 0 || sorted[i] != sorted[i - 1] ? 1 : 0;
}

// ranks[i]: how many different keys there are up to the sorted position i.
__global__ void UniqueKernel(const uint64_t* sorted, const uint32_t* positions,
                             const uint32_t* ranks, uint32_t count, uint64_t* distinct,
                             uint32_t* inverse, uint32_t* distinct_count) {
  const size_t i = ThreadIndex();
  if (i >= count) return;
  const uint32_t rank = ranks[i] - 1;
  inverse[positions[i]] = rank;
  if (i == 0 || ranks[i - 1] != ranks[i]) distinct[rank] = sorted[i];
  if (i + 1 == count) *distinct_count = ranks[i];
}

}  // namespace

size_t TransposeScratchBytes(const Device* device, uint32_t nonzeros) {
  Enter(device);
  return 3 * Aligned(nonzeros * sizeof(uint32_t)) + SortScratchBytes<uint32_t>(nonzeros);
}

Error Transpose(Device* device, const Batch& batch, uint32_t* column_offsets, uint32_t* column_rows,
                float* column_values, Memory scratch) {
  if (const Error error = Enter(device); error != 0) return error;
  const uint32_t count = batch.nonzeros;
  Cutter cutter(scratch);
  auto* const positions = cutter.Take<uint32_t>(count);
  auto* const sorted = cutter.Take<uint32_t>(count);
  auto* const sorted_positions = cutter.Take<uint32_t>(count);
  if (count > 0) {
    size_t bytes = SortScratchBytes<uint32_t>(count);
    int bits = 1;
    while (bits < 32 && ((batch.distinct - 1) >> bits) != 0) ++bits;
    Error error = Launch(device, count, CountUpKernel, count, positions);
    if (error != 0) return error;
    error = SortByKey(device, cutter.Take<std::byte>(bytes), &bytes, batch.indices, sorted,
                      positions, sorted_positions, count, bits);
    if (error != 0) return error;
  }
  const Error error = Launch(device, size_t{count} + 1, ColumnOffsetsKernel, sorted, count,
                             batch.distinct, column_offsets);
  if (error != 0) return error;
  return Launch(device, count, ColumnEntriesKernel, batch, sorted_positions, column_rows,
                column_values);
}

size_t UniqueScratchBytes(const Device* device, uint32_t keys) {
  Enter(device);
  return Aligned(keys * sizeof(uint64_t)) + 4 * Aligned(keys * sizeof(uint32_t)) +
         std::max(SortScratchBytes<uint64_t>(keys), ScanScratchBytes(keys));
}

Error Unique(Device* device, const uint64_t* keys, uint32_t count, uint64_t* distinct,
             uint32_t* inverse, uint32_t* distinct_count, Memory scratch) {
  if (Error error = Enter(device); error != 0) return error;
  if (count == 0) return cudaMemsetAsync(distinct_count, 0, sizeof(uint32_t), device->stream);
  Cutter cutter(scratch);
  auto* const sorted = cutter.Take<uint64_t>(count);
  auto* const positions = cutter.Take<uint32_t>(count);
  auto* const sorted_positions = cutter.Take<uint32_t>(count);
  auto* const firsts = cutter.Take<uint32_t>(count);
  auto* const ranks = cutter.Take<uint32_t>(count);
  size_t sort_bytes = SortScratchBytes<uint64_t>(count), scan_bytes = ScanScratchBytes(count);
  void* const rest = cutter.Take<std::byte>(std::max(sort_bytes, scan_bytes));
  if (Error error = Launch(device, count, CountUpKernel, count, positions); error != 0) {
    return error;
  }
  if (Error error = SortByKey(device, rest, &sort_bytes, keys, sorted, positions, sorted_positions,
                              count, 64);
      error != 0) {
    return error;
  }
  if (Error error = Launch(device, count, FirstsKernel, sorted, count, firsts); error != 0) {
    return error;
  }
  if (Error error = Scan(device, rest, &scan_bytes, firsts, ranks, count); error != 0) return error;
  return Launch(device, count, UniqueKernel, sorted, sorted_positions, ranks, count, distinct,
                inverse, distinct_count);
}

}  // namespace cairn::cuda
