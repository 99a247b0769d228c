// One table in one partition: rows of weights and optimizer state with their counts, read and
// updated in batches. Everything that changes a row is a pure function of the arguments, so
// replicas agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "server/retention.h"
#include "server/row_table.h"
#include "server/table_schema.h"

namespace cairn {

// A slice of a scan over a table's rows: what to look for, and what was found.
struct RowScan {
  bool only_dirty = false, mark_clean = false;
  // Rows to look at and to find at most, at least 1: lowered by those that were.
  size_t looks_left = 0, rows_left = 0;

  std::vector<uint64_t> ids;  // Ascending.
  std::vector<float> rows;    // As TableShard::Get has them: [ids.size() x row_floats()].
};

// Owned by one executor thread; not thread-safe, and nothing here needs to be.
// Ids are SparseId(key) for sparse tables, block indices for dense ones. The ids given to Read,
// Apply, Has, Get, Put and Erase must be owned (see Owns); whoever takes them from outside checks.
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
  // The first of `ids` that this shard does not own, or that does not follow the one before it;
  // ids.size() if there is none.
  size_t FirstOutOfPlace(std::span<const uint64_t> ids) const;

  enum class Missing : uint8_t {
    kInitial,  // A training pull: a row that does not exist reads its initial weights; if keys are
               // not admitted at once, 0.
    kZero,     // An evaluation: it reads 0.
  };
  // Brings what Read and Apply will look at first into the cache: for what is done next but one.
  // The ids may be any.
  void Prefetch(std::span<const uint64_t> ids) const;
  // weights: [ids.size() x width]. Creates nothing. Ids may repeat.
  void Read(std::span<const uint64_t> ids, Missing missing, float* weights) const;

  // One step: gradients [ids.size() x width] (sums over the step's rows), counts [ids.size()] or
  // empty (then each is 1). Missing rows are created, if they are admitted; what is pushed to
  // others is dropped. A repeated id is applied once for each time.
  void Apply(const TableSchema::Step& step, std::span<const uint64_t> ids,
             std::span<const float> gradients, std::span<const uint32_t> counts);

  // After each step of the partition, even one that has no rows for this table: what is to go and
  // what else is to change, of which nothing has happened yet; then CarryOutSweep makes it happen.
  // Null: the table has no RetentionSpec that asks for it, and nothing is to be done.
  const Retention::Found* Sweep();
  void CarryOutSweep();
  // Null: the table has no RetentionSpec that asks for anything.
  const Retention* retention() const { return retention_.get(); }
  Retention* retention() { return retention_.get(); }

  // Rows as files have them, row_floats() words: for snapshots and loading.
  bool Has(uint64_t id) const;
  bool Get(uint64_t id, float* row) const;            // False, and nothing written: there is none.
  void Put(uint64_t id, std::span<const float> row);  // Creates or overwrites.
  void Erase(uint64_t id);                            // Sparse only; a missing id is no error.

  // ---- What has changed, for incremental snapshots.
  // A row is dirty from when Apply or a sweep changes it until it is marked clean. It is there.
  void MarkClean(uint64_t id);
  // From now on it is noted which rows go; what was noted before is forgotten.
  void NoteErased() { erased_.emplace(); }
  // Gives it up if they are too many.
  void MaybeForgetErased();
  // Nullptr: it is not noted. Some of these rows may have come back.
  const absl::flat_hash_set<uint64_t>* erased() const { return erased_ ? &*erased_ : nullptr; }

  // A scan in slices, robust to changes between them: finds the next rows from `first` on. Where to
  // go on; nullopt: that was all.
  std::optional<uint64_t> Scan(uint64_t first, RowScan* scan);
  // The ids in [first, last], ascending, appended to `ids`, but at most `most` of them. They are in
  // hash order (sparse) or block order (dense). Costs O(most), not O(rows).
  void IdsInRange(uint64_t first, uint64_t last, size_t most, std::vector<uint64_t>* ids) const;

 private:
  // A dense table's blocks of one partition.
  struct Dense {
    uint64_t first_block = 0;  // The next are P apart.
    std::vector<RowCount> counts;
    std::vector<uint8_t> dirty;  // [blocks], 0 or 1.
    std::vector<float> words;    // [blocks x words()]
  };

  size_t DenseRowOf(uint64_t block) const;
  uint64_t FirstId() const;
  uint64_t LastId() const;
  uint64_t FirstBlockFrom(uint64_t id) const;
  void ReadSparse(std::span<const uint64_t> ids, Missing missing, float* weights) const;
  void ReadMissing(uint64_t id, Missing missing, float* weights) const;
  void CopyRow(RowCount count, uint32_t stamp, const float* words, float* row) const;
  RowTable::Row Count(const TableSchema::Step& step, uint64_t id, RowTable::Home home,
                      uint32_t occurrences);
  void ApplyDense(const TableSchema::Step& step, std::span<const uint64_t> ids,
                  const float* gradients, const uint32_t* counts);
  void ApplySlab(const TableSchema::Step& step, std::span<const uint64_t> ids,
                 const float* gradients, const uint32_t* counts);
  template <typename Update>
  void ApplyInline(const TableSchema::Step& step, std::span<const uint64_t> ids,
                   const uint32_t* counts, const Update& update);

  std::shared_ptr<const TableSchema> schema_;
  uint32_t partition_;
  std::unique_ptr<RowTable> sparse_;  // Null for dense tables.
  std::unique_ptr<Dense> dense_;      // Null for sparse ones.
  std::unique_ptr<Retention> retention_;
  std::optional<absl::flat_hash_set<uint64_t>> erased_;
  std::vector<float> scratch_;  // [width], for ApplyRow.
};

}  // namespace cairn
