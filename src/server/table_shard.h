// One table in one partition: rows of weights, optimizer state and occurrence counts, read and
// updated in batches. Owned by one executor thread; nothing here is thread-safe, nothing needs to
// be. Everything that changes a row is a pure function of the arguments, so replicas agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/job.h"
#include "cairn/optimizer.h"
#include "sharding/placement.h"

namespace cairn {

// A table's schema, bound to optimizers and to the layout of a row in memory. One per server,
// shared by all shards, immutable, thread-safe.
//
// A row is `row_floats` 32-bit words: [count, first_epoch_count (as uint32)][weights of all
// parts][state of part 0][state of part 1]...  Dense blocks have the same rows.
class TableSchema {
 public:
  // kInvalidArgument: an optimizer that is not linked, or numbers it does not take.
  static absl::StatusOr<std::shared_ptr<const TableSchema>> Make(const JobSpec& job,
                                                                 uint32_t table_index,
                                                                 const RowOptimizers& extra);

  const TableSpec& spec() const { return spec_; }
  uint32_t index() const { return index_; }
  uint64_t salt() const { return salt_; }
  uint32_t partitions() const { return partitions_; }
  uint32_t width() const { return width_; }            // Weights of a row.
  uint32_t row_floats() const { return row_floats_; }  // Words of a row, counts included.
  bool gradient() const { return gradient_; }  // False if every part is "sum" or "assign".

  // Writes the initial row of `id` (zero counts, initial weights and state): a pure function of
  // (seed, table, key).
  void InitRow(uint64_t id, float* row) const;
  // Only its weights, [width].
  void InitWeights(uint64_t id, float* weights) const;

  // What one step brings to one row, in the order count, then parts.
  struct Step {
    uint64_t epoch = 0;
    float rate_factor = 1;
    float inverse_rows = 1;  // 1 / rows of data in the step: for Reduction::kMean.
  };
  // Applies gradient sums [width] that came from `count` occurrences to one row.
  void ApplyRow(const Step& step, const float* gradient, uint32_t count, float* row,
                float* scratch) const;

 private:
  struct Part {
    std::unique_ptr<RowOptimizer> optimizer;
    uint32_t weight_offset, width, state_offset, state_floats;
    float learning_rate, l2;
    InitializerSpec initializer;
    bool gradient;  // Neither "sum" nor "assign".
  };

  TableSpec spec_;
  uint32_t index_ = 0;
  uint64_t salt_ = 0, seed_ = 0;
  uint32_t partitions_ = 1, width_ = 0, row_floats_ = 0;
  bool gradient_ = false;
  std::vector<Part> parts_;
};

inline constexpr uint32_t kRowCountWords = 2;  // count, first_epoch_count.

class TableShard {
 public:
  // Dense tables hold their blocks, with initial values, from here on.
  TableShard(std::shared_ptr<const TableSchema> schema, uint32_t partition);
  ~TableShard();
  TableShard(TableShard&&) noexcept;

  const TableSchema& schema() const { return *schema_; }
  uint64_t rows() const;   // Rows held.
  uint64_t bytes() const;  // Memory held, without this object.

  // True if `id` may live in this shard: right partition, and for dense tables an existing block.
  bool Owns(uint64_t id) const;

  enum class Missing : uint8_t {
    kInitial,  // A training pull: a row that does not exist reads its initial weights.
    kZero,     // An evaluation: it reads 0.
  };
  // weights: [ids.size() x width]. Creates nothing. Ids may repeat.
  void Read(std::span<const uint64_t> ids, Missing missing, float* weights) const;

  // One step: gradients [ids.size() x width] (sums over the step's rows), counts [ids.size()] or
  // empty (then each is 1). Missing rows are created. A repeated id is applied once for each time.
  void Apply(const TableSchema::Step& step, std::span<const uint64_t> ids,
             std::span<const float> gradients, std::span<const uint32_t> counts);

  // Raw rows: for undo, snapshots and loading. nullptr if there is none; valid until the next
  // non-const call.
  const float* Find(uint64_t id) const;
  void Put(uint64_t id, std::span<const float> row);  // row_floats() words; creates or overwrites.
  void Erase(uint64_t id);                            // Sparse only; a missing id is no error.

  // The ids in [first, last], ascending, appended to `ids`, but at most `most` of them: the scan
  // that a snapshot does in slices, robust to changes between the slices. Ids are in hash order
  // (sparse) or block order (dense). Costs O(most), not O(rows).
  void IdsInRange(uint64_t first, uint64_t last, size_t most, std::vector<uint64_t>* ids) const;

 private:
  class Index;  // id -> row position: open addressing, monotone in the id.

  std::shared_ptr<const TableSchema> schema_;
  uint32_t partition_ = 0;
  std::unique_ptr<Index> index_;
  std::vector<float> dense_;  // Dense: blocks of this partition, in block order.
};

}  // namespace cairn
