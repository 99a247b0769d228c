// Steps that some rows of a partition have and others have not. The partitions of a checkpoint are
// saved each at a moment of its own; when the job goes on in another number of them, rows of
// several meet in one. What all of them have is the partition's stamp; what some have beyond it is
// here.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/snapshot.h"
#include "server/table_schema.h"
#include "wire/message.h"

namespace cairn {

// The stamps of one of the partitions that a new one has rows from.
struct FormerStamps {
  uint32_t partition = 0;
  uint32_t partitions = 1;
  SnapshotStamps stamps;
};

// The stamps of a partition with rows of all of these, which are at least one. kDataLoss: of a bsp
// job, and not of one step.
absl::StatusOr<SnapshotStamps> MergeStamps(std::span<const FormerStamps> formers);

// Owned by a partition; not thread-safe.
class AheadRows {
 public:
  AheadRows() = default;
  explicit AheadRows(std::span<const AheadStamp> stamps);

  // Has any row that step of the stream already?
  bool Have(StreamId stream, StepIndex step) const;
  // What of the slice is in rows that do not. Its arrays are kept here until the next call.
  TableSlice Lacking(const TableSlice& slice, const TableSchema& schema, StreamId stream,
                     StepIndex step);
  // From now on all rows have it.
  void OnApplied(StreamId stream, StepIndex step);
  // Streams below are closed for good.
  void Forget(StreamId floor);

  std::vector<AheadStamp> stamps() const;  // Ascending.

 private:
  std::map<StreamId, std::vector<AheadStamp>> streams_;  // None is empty.
  std::vector<uint64_t> ids_;
  std::vector<float> values_;
  std::vector<uint32_t> counts_;
};

}  // namespace cairn
