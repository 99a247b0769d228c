// Which keys of a sparse table get rows in one partition, and which rows go: admission, expiry and
// budget, as RetentionSpec says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "server/count_sketch.h"
#include "server/retention_rules.h"
#include "server/row_table.h"
#include "server/table_schema.h"

namespace cairn {

// What a partition has to remember of it, beside the rows and the sketch: part of its snapshot.
struct RetentionState {
  // A score is the logarithm of how often a row was seen, less two for each age.
  static constexpr uint32_t kScores = 36;

  uint64_t clock = 0;  // Steps of the partition since the age last rose; without expiry, new rows.
  uint64_t age = 0;    // Of the partition: rows have the one of their last push, modulo 4.
  uint64_t hand = 0;   // A sweep looks at this id next.
  uint64_t owed = 0;   // Rows that it should have looked at by now.
  uint64_t goes_all = 0;  // So many rows it may still give up,
  uint64_t goes_at = 0;   // so many of them with the score `goes_up_to`; all others have less.
  uint32_t goes_up_to = 0;
  bool sweeping = false;
  std::array<uint64_t, kScores> scores = {};  // Rows by their score, as the sweep leaves them.
  uint64_t counted = 0;                       // CountSketch::counted.

  bool operator==(const RetentionState&) const = default;
};

// Everything is a function of the steps, so that replicas agree: no clock and no random device, and
// nothing of how the rows lie in memory.
//
// Rows are looked at by a sweep, in the order of their ids, some after each step: as many as new
// rows and the passing of steps demand, and not more than what takes a fraction of a millisecond.
// Three ages after its last push a row expires; if it stays, it stays old. With a budget, a sweep
// counts rows by their score, and the next one gives up the lowest.
//
// Owned by a TableShard; not thread-safe.
class Retention {
 public:
  // schema->retention().any() is true; the ids have their first `shared_bits` in common with
  // `first_id`. `schema` outlives this.
  Retention(const TableSchema* schema, uint64_t first_id, int shared_bits);

  // Before the step is applied: leaves the ids that have a row in `table`, which is made if it is
  // admitted now, with what belongs to them. They stay valid until the next call. `counts` is empty
  // or has one for each id, `gradients` has the width's.
  void Admit(const TableSchema::Step& step, RowTable* table, std::span<const uint64_t>* ids,
             std::span<const float>* gradients, std::span<const uint32_t>* counts);

  // What a sweep has found, ids ascending. Nothing has happened to these rows yet.
  struct Found {
    std::vector<uint64_t> gone;  // Are to be erased.
    std::vector<uint64_t> old;   // Stay, and stay old: only their stamps change.
  };
  // After each step of the partition, whether it had rows of this table or not: sweeps on. The
  // caller tells whoever has to know of these rows before they change, then calls CarryOut.
  const Found& Sweep(const RowTable& table);
  const Found& found() const { return found_; }  // By the last one.
  void CarryOut(RowTable* table) const;

  uint64_t bytes() const;

  // For snapshots. Restoring: the state, then the sketch's pieces.
  RetentionState state() const;
  void set_state(const RetentionState& state);
  const CountSketch* sketch() const { return sketch_ ? &*sketch_ : nullptr; }
  CountSketch* sketch() { return sketch_ ? &*sketch_ : nullptr; }

 private:
  static constexpr uint32_t kAgeMost = RowTable::kStampEnd - 1;

  bool Admits(const TableSchema::Step& step, uint64_t id, uint32_t occurrences);
  bool Enter(const TableSchema::Step& step, uint64_t id, uint32_t occurrences, RowTable* table);
  bool IsOlder() const;
  void BeginSweep(uint64_t rows);
  void ChooseScores(uint64_t rows);
  void Look(uint64_t id, const RowTable::Row& row);
  bool HasLightWeights(const RowTable::Row& row) const;
  bool GivesUp(uint32_t score);
  uint32_t AgeOf(const RowTable::Row& row) const {
    return (static_cast<uint32_t>(state_.age) - row.stamp()) % RowTable::kStampEnd;
  }

  const TableSchema& schema_;
  const RetentionRules& rules_;
  const uint64_t first_id_;
  RetentionState state_;
  std::optional<CountSketch> sketch_;
  uint64_t added_ = 0;  // Rows, in the step under way.

  Found found_;
  // Of Admit, where not all ids stay.
  std::vector<uint64_t> ids_;
  std::vector<float> gradients_;
  std::vector<uint32_t> counts_;
};

}  // namespace cairn
