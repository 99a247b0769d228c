// A table's schema, bound to optimizers and to the layout of a row in memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/hash.h"
#include "cairn/job.h"
#include "cairn/optimizer.h"
#include "kernels/update_rules.h"
#include "server/retention_rules.h"
#include "server/row_count.h"

namespace cairn {

inline constexpr uint32_t kRowCountWords = 1;
inline constexpr uint32_t kRowWordsMax = uint32_t{1} << 19;  // 2 MiB: count, weights and state.

// The first word of a row in files, a uint32 in float storage: how often it was seen (row_count.h),
// with bits 29 and 30 for its stamp (row_table.h) and the top bit set if it is late. SetCount comes
// first, and sets stamp 0.
RowCount CountOf(const float* row);
uint32_t StampOf(const float* row);
void SetCount(RowCount count, float* row);
void SetStamp(uint32_t stamp, float* row);

// One per server, shared by all shards; immutable, thread-safe.
//
// In memory a row is a count (row_count.h) and words() words: [weights of all parts][state of part
// 0][state of part 1]..., but see implied_weight. Dense blocks have the same rows. In files it is
// row_floats() words: how often it was seen, then the same.
class TableSchema {
 public:
  // kInvalidArgument: an optimizer that is not linked, numbers that it does not take, a row of more
  // than kRowWordsMax words, or a budget that is too small. `job` has passed CheckJob.
  static absl::StatusOr<std::shared_ptr<const TableSchema>> Make(const JobSpec& job,
                                                                 uint32_t table_index,
                                                                 const RowOptimizers& extra);

  const TableSpec& spec() const { return spec_; }
  uint32_t index() const { return index_; }
  uint64_t salt() const { return salt_; }
  uint64_t seed() const { return seed_; }
  uint32_t partitions() const { return partitions_; }
  uint32_t width() const { return width_; }  // Weights of a row.
  uint32_t words() const { return words_; }  // Of a row in memory: weights and state.
  uint32_t row_floats() const { return kRowCountWords + words_; }  // Of a row in files.
  // FTRL's weight follows from its state, so sparse rows of one weight that begins as 0 need not
  // store it: in memory they have the state only, and their weight by this rule. Null: other rows.
  const FtrlRule* implied_weight() const { return implied_weight_; }
  uint32_t stored_words() const { return words_ - (implied_weight_ != nullptr ? width_ : 0); }
  bool gradient() const { return gradient_; }  // False if every part is "sum" or "assign".
  // A table of one weight a row, for loops over rows: what ApplyRow does, without its detours.
  struct Scalar {
    UpdateRule rule;  // None: the table has more weights, or an optimizer that is no such rule.
    float learning_rate = 0;
    float l2 = 0;
  };
  const Scalar& scalar() const { return scalar_; }
  const RetentionRules& retention() const { return retention_; }
  // Floats of optimizer state, by part.
  std::vector<uint32_t> StateFloatsByPart() const;

  // Between the id under which a partition knows a row and its name in files: the key of a sparse
  // table, the block of a dense one.
  uint64_t KeyOf(uint64_t id) const;
  uint64_t IdOf(uint64_t key) const;

  // Writes the initial words() of `id`, weights and state: a pure function of (seed, table, key).
  void InitRow(uint64_t id, float* words) const;
  // Only its weights, [width].
  void InitWeights(uint64_t id, float* weights) const;

  // What one step brings to every row that it touches.
  struct Step {
    uint64_t epoch = 0;
    float rate_factor = 1;
    float inverse_rows = 1;  // 1 / rows of data in the step: for Reduction::kMean.
    uint64_t chance = 0;     // Of the step: which counts are rounded up, which down.
  };
  // The count of a row after `more` occurrences. They count in the first epoch, so that it says how
  // often the row occurs in one; of a row that is late, always.
  static RowCount CountRow(const Step& step, uint64_t id, uint32_t more, RowCount count) {
    if (step.epoch > 0 && count == RowCount::Never()) count = RowCount::Never(true);
    return step.epoch == 0 || count.is_late() ? count.Plus(more, Mix64(step.chance ^ id)) : count;
  }
  // l2 * occurrences / count: what is added to a gradient, over the weight.
  static float PriorOf(float l2, uint32_t occurrences, RowCount count) {
    if (l2 == 0 || count.seen() == 0) return 0;
    return l2 * static_cast<float>(occurrences) / static_cast<float>(count.seen());
  }
  // Applies gradient sums [width] that came from `occurrences` to one row, whose count is `count`
  // by now: hands each part to its optimizer, with its prior.
  // `scratch` [width] holds anything before and after.
  void ApplyRow(const Step& step, const float* gradient, uint32_t occurrences, RowCount count,
                float* words, float* scratch) const;

 private:
  struct Part {
    std::unique_ptr<RowOptimizer> optimizer;
    uint32_t weight_offset, width, state_offset, state_floats;  // Offsets in words().
    float learning_rate, l2;
    InitializerSpec initializer;
    bool gradient;  // Neither "sum" nor "assign".
  };

  TableSchema() = default;
  absl::Status AddParts(const RowOptimizers& extra);
  const FtrlRule* FindImpliedWeight() const;

  TableSpec spec_;
  uint32_t index_ = 0;
  uint64_t salt_ = 0, seed_ = 0;
  uint32_t partitions_ = 1, width_ = 0, words_ = 0;
  bool gradient_ = false;
  Scalar scalar_;
  const FtrlRule* implied_weight_ = nullptr;  // In scalar_.
  RetentionRules retention_;
  std::vector<Part> parts_;
};

}  // namespace cairn
