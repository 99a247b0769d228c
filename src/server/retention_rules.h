// A table's RetentionSpec as one of its partitions has to keep it.
#pragma once

#include <cstdint>
#include <limits>

#include "absl/status/statusor.h"
#include "cairn/table.h"

namespace cairn {

// Immutable after Make.
struct RetentionRules {
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
  static constexpr uint64_t kSketchBytesMax = uint64_t{4} << 20;  // Halved within a millisecond.
  static constexpr uint64_t kRowsLeast = 16;                      // Of a partition with a budget.

  uint32_t admit_count = 1;
  double admit_probability = 1;
  uint64_t sketch_bytes = 0;  // 0: there is no sketch.
  uint64_t age_steps = 0;     // A row grows older by 1 in so many steps; 0: there is no expiry.
  uint64_t age_rows = 0;      // If so, in so many new rows.
  float expire_below = 0;
  uint64_t rows_max = kNoLimit;
  uint64_t rows_aim = kNoLimit;  // With more rows than this, some are given up.

  bool admits_at_once() const { return admit_count == 1 && admit_probability == 1; }
  bool has_budget() const { return rows_max != kNoLimit; }
  // Do rows have to know when they were last pushed to?
  bool needs_stamps() const { return age_steps > 0 || has_budget(); }
  bool any() const { return !admits_at_once() || needs_stamps(); }

  // `spec` has passed CheckTable. Of a table whose rows have `row_words` words in memory.
  // kInvalidArgument: its budget is too small for so many partitions.
  static absl::StatusOr<RetentionRules> Make(const RetentionSpec& spec, uint32_t partitions,
                                             uint32_t row_words);
};

}  // namespace cairn
