// From the rows of a saved table to the rows of a job's table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "server/table_schema.h"

namespace cairn {

// Weights and count are always taken over. A part keeps its optimizer's state if it is saved by an
// optimizer of the same name with as much state; else the job's optimizer starts afresh there.
// Immutable; thread-safe.
class RowConverter {
 public:
  // `saved` and `state_floats` as in a snapshot's header. kFailedPrecondition, naming both, if the
  // tables differ in kind, parts, widths or dense size. Names are the caller's business.
  static absl::StatusOr<RowConverter> Make(const TableSpec& saved,
                                           std::span<const uint32_t> state_floats,
                                           std::shared_ptr<const TableSchema> job);

  // from: a row of the snapshot. to: [schema's row_floats()], for the row that the job knows
  // as `id`; a state that starts afresh does so as in TableSchema::InitRow.
  void Convert(uint64_t id, std::span<const float> from, std::span<float> to) const;

 private:
  struct Copy {  // Words of a row.
    size_t from, to, count;
  };

  RowConverter() = default;

  std::shared_ptr<const TableSchema> job_;  // Shared with the shards of its server.
  size_t saved_words_ = 0;
  bool same_layout_ = true;  // The row as it is.
  std::vector<Copy> copies_;
};

}  // namespace cairn
