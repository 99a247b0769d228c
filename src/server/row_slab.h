// Storage for the rows of one sparse table in one partition.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_memory.h"

namespace cairn {

// Rows of a fixed number of words, known by position from 1 on, in chunks that double in size:
// growing copies nothing, and a row stays where it is until it is freed. Freed positions are used
// again, the last one first. Not thread-safe.
class RowSlab {
 public:
  explicit RowSlab(uint32_t row_words) : row_words_(row_words) {}

  // A free position; its words hold anything.
  uint32_t Allocate();
  void Free(uint32_t position) { free_.push_back(position); }

  float* Row(uint32_t position) const {
    const size_t at = size_t{position} - 1 + kFirstRows;
    const int chunk = std::bit_width(at) - std::bit_width(kFirstRows);
    return rows_[static_cast<size_t>(chunk)] + (at - (kFirstRows << chunk)) * row_words_;
  }

  // Memory held. Of the last, half-used chunk the operating system may not have given all yet.
  size_t bytes() const;

 private:
  static constexpr size_t kFirstRows = 8;  // Of chunk 0; chunk c holds kFirstRows << c.

  const uint32_t row_words_;
  uint32_t used_ = 0;  // Positions handed out so far, free ones included.
  std::vector<AlignedMemory> chunks_;
  std::vector<float*> rows_;  // By chunk, its first.
  std::vector<uint32_t> free_;
};

}  // namespace cairn
