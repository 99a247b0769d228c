// A table's schema, bound to optimizers and to the layout of a row in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/job.h"
#include "cairn/optimizer.h"

namespace cairn {

inline constexpr uint32_t kRowCountWords = 2;                // count, first_epoch_count.
inline constexpr uint32_t kRowWordsMax = uint32_t{1} << 19;  // 2 MiB: counts, weights and state.

// One per server, shared by all shards; immutable, thread-safe.
//
// A row is row_floats() 32-bit words: [count, first_epoch_count (as uint32)][weights of all
// parts][state of part 0][state of part 1]...  Dense blocks have the same rows. Counts lie in
// float storage as bits: rows are copied as bytes, and counts read and written through CountsOf.
class TableSchema {
 public:
  // kInvalidArgument: an optimizer that is not linked, numbers that it does not take, or a row of
  // more than kRowWordsMax words. `job` has passed CheckJob.
  static absl::StatusOr<std::shared_ptr<const TableSchema>> Make(const JobSpec& job,
                                                                 uint32_t table_index,
                                                                 const RowOptimizers& extra);

  const TableSpec& spec() const { return spec_; }
  uint32_t index() const { return index_; }
  uint64_t salt() const { return salt_; }
  uint64_t seed() const { return seed_; }
  uint32_t partitions() const { return partitions_; }
  uint32_t width() const { return width_; }            // Weights of a row.
  uint32_t row_floats() const { return row_floats_; }  // Words of a row, counts included.
  bool gradient() const { return gradient_; }          // False if every part is "sum" or "assign".
  // Floats of optimizer state, by part.
  std::vector<uint32_t> StateFloatsByPart() const;

  // Between the id under which a partition knows a row and its name in files: the key of a sparse
  // table, the block of a dense one.
  uint64_t KeyOf(uint64_t id) const;
  uint64_t IdOf(uint64_t key) const;

  // Writes the initial row of `id` (zero counts, initial weights and state): a pure function of
  // (seed, table, key).
  void InitRow(uint64_t id, float* row) const;
  // Only its weights, [width].
  void InitWeights(uint64_t id, float* weights) const;

  // How often a row was seen. Both saturate.
  struct Counts {
    uint32_t all = 0;
    uint32_t first_epoch = 0;
  };
  static Counts CountsOf(const float* row);

  // What one step brings to every row that it touches.
  struct Step {
    uint64_t epoch = 0;
    float rate_factor = 1;
    float inverse_rows = 1;  // 1 / rows of data in the step: for Reduction::kMean.
  };
  // Applies gradient sums [width] that came from `count` occurrences to one row: counts them, then
  // hands each part to its optimizer with the prior l2 * count / n, n being the occurrences of an
  // epoch: those of the first, or all so far where the first epoch brought none.
  // `scratch` [width] holds anything before and after.
  void ApplyRow(const Step& step, const float* gradient, uint32_t count, float* row,
                float* scratch) const;

 private:
  struct Part {
    std::unique_ptr<RowOptimizer> optimizer;
    uint32_t weight_offset, width, state_offset, state_floats;  // Offsets from the row's begin.
    float learning_rate, l2;
    InitializerSpec initializer;
    bool gradient;  // Neither "sum" nor "assign".
  };

  TableSchema() = default;
  absl::Status AddParts(const RowOptimizers& extra);

  TableSpec spec_;
  uint32_t index_ = 0;
  uint64_t salt_ = 0, seed_ = 0;
  uint32_t partitions_ = 1, width_ = 0, row_floats_ = 0;
  bool gradient_ = false;
  std::vector<Part> parts_;
};

}  // namespace cairn
