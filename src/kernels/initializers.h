// Initial weights as pure functions: a row that was never pushed reads the same values on every
// server, in every run, without being stored. Fixed for all time: files depend on it.
#pragma once

#include <cstdint>
#include <span>

#include "cairn/table.h"

namespace cairn {

// What a row's initial weights depend on, beside their position in the row.
struct InitialRow {
  uint64_t seed = 0;  // Of the job.
  uint64_t salt = 0;  // Of the table.
  uint64_t key = 0;   // Sparse: the key. Dense: the block's index.
};

// Writes the weights at positions [first_position, first_position + weights.size()) of a row.
// kNormal is scale * (u_1 + ... + u_12 - 6) with u_i uniform on 65,536 evenly spaced values: mean
// exactly 0, variance scale^2, never beyond 6 * scale. Integer sums, one conversion and one
// multiplication: the same bits on every machine.
void FillInitial(const InitializerSpec& spec, const InitialRow& row, uint32_t first_position,
                 std::span<float> weights);

}  // namespace cairn
