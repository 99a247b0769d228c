#include "server/retention_rules.h"

#include <algorithm>

#include "base/status.h"
#include "base/units.h"
#include "server/count_sketch.h"
#include "server/row_table.h"

namespace cairn {
namespace {

// Rows that a partition gives up before it has to: room for new ones while it looks for the least.
constexpr uint64_t kReserveShare = 16;
constexpr uint64_t kAgesPerTurnover = 4;  // Of all rows of a partition.

}  // namespace

absl::StatusOr<RetentionRules> RetentionRules::Make(const RetentionSpec& spec, uint32_t partitions,
                                                    uint32_t row_words) {
  RetentionRules rules;
  rules.admit_count = spec.admit_count;
  rules.admit_probability = spec.admit_probability;
  if (spec.admit_count > 1) {
    rules.sketch_bytes =
        std::clamp(spec.sketch_bytes / partitions, CountSketch::kLineBytes, kSketchBytesMax);
  }
  // It goes at an age of 3, which it reaches after two of these at least.
  rules.age_steps = spec.expire_steps / 2 + spec.expire_steps % 2;
  rules.expire_below = spec.expire_below;
  if (spec.bytes_max == 0) return rules;
  const uint64_t row_bytes = RowTable::BytesPerRow(row_words);
  const uint64_t share = spec.bytes_max / partitions;
  rules.rows_max = share <= rules.sketch_bytes ? 0 : (share - rules.sketch_bytes) / row_bytes;
  rules.rows_aim = rules.rows_max - rules.rows_max / kReserveShare;
  rules.age_rows = rules.rows_max / kAgesPerTurnover;
  if (rules.rows_max >= kRowsLeast) return rules;
  const uint64_t least = partitions * (rules.sketch_bytes + kRowsLeast * row_bytes);
  return InvalidArgument("bytes_max of ", HumanBytes(spec.bytes_max), " is too little for ",
                         partitions, " partitions, ", HumanBytes(partitions * rules.sketch_bytes),
                         " of sketches and rows of ", row_bytes, " bytes: at least ",
                         HumanCount(least), " bytes, or fewer partitions");
}

}  // namespace cairn
