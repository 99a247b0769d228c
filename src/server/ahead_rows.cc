#include "server/ahead_rows.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/status.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

// What one of the formers says of a stream; nothing: it has none of its steps.
StreamStamp StampOf(const SnapshotStamps& stamps, StreamId stream) {
  const auto found = std::lower_bound(
      stamps.streams.begin(), stamps.streams.end(), stream,
      [](const StreamStamp& stamp, StreamId sought) { return stamp.stream < sought; });
  const bool is_there = found != stamps.streams.end() && found->stream == stream;
  return is_there ? *found : StreamStamp{stream, 0, 0};
}

bool IsIn(uint64_t id, const TableSchema& schema, const AheadStamp& stamp) {
  const uint32_t partition = schema.spec().kind == TableSpec::Kind::kSparse
                                 ? PartitionOfSparseId(id, stamp.partitions)
                                 : PartitionOfBlock(id, schema.salt(), stamp.partitions);
  return partition == stamp.partition;
}

}  // namespace

absl::StatusOr<SnapshotStamps> MergeStamps(std::span<const FormerStamps> formers) {
  if (formers.size() == 1) return formers.front().stamps;
  SnapshotStamps merged;
  merged.version = formers.front().stamps.version;
  std::map<StreamId, StreamStamp> streams;  // The last step that all have.
  for (const FormerStamps& former : formers) {
    if (former.stamps.version != merged.version) {
      return DataLoss("partition ", former.partition, " is of step ", former.stamps.version,
                      ", where others are of step ", merged.version);
    }
    merged.closed = std::max(merged.closed, former.stamps.closed);
    merged.lsn = std::max(merged.lsn, former.stamps.lsn);
    for (const StreamStamp& stamp : former.stamps.streams) {
      streams[stamp.stream] = {stamp.stream, 0, std::numeric_limits<StepIndex>::max()};
    }
  }
  streams.erase(streams.begin(), streams.lower_bound(merged.closed));
  for (auto& [stream, all] : streams) {
    for (const FormerStamps& former : formers) {
      const StreamStamp stamp = StampOf(former.stamps, stream);
      all.attempt = std::max(all.attempt, stamp.attempt);
      all.last = std::min(all.last, stamp.last);
    }
    merged.streams.push_back(all);
    for (const FormerStamps& former : formers) {
      const StreamStamp stamp = StampOf(former.stamps, stream);
      if (stamp.last <= all.last) continue;
      merged.ahead.push_back({stream, former.partitions, former.partition, stamp.last});
    }
  }
  for (const FormerStamps& former : formers) {
    std::ranges::copy_if(former.stamps.ahead, std::back_inserter(merged.ahead),
                         [&](const AheadStamp& stamp) { return stamp.stream >= merged.closed; });
  }
  // Two of them may have rows of the same one before.
  std::sort(merged.ahead.begin(), merged.ahead.end());
  merged.ahead.erase(std::unique(merged.ahead.begin(), merged.ahead.end()), merged.ahead.end());
  if (merged.version > 0 && !merged.ahead.empty()) {
    return DataLoss("partitions of one step have different steps of stream ",
                    merged.ahead.front().stream);
  }
  return merged;
}

AheadRows::AheadRows(std::span<const AheadStamp> stamps) {
  for (const AheadStamp& stamp : stamps) streams_[stamp.stream].push_back(stamp);
}

bool AheadRows::Have(StreamId stream, StepIndex step) const {
  const auto found = streams_.find(stream);
  return found != streams_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const AheadStamp& stamp) { return stamp.last >= step; });
}

TableSlice AheadRows::Lacking(const TableSlice& slice, const TableSchema& schema, StreamId stream,
                              StepIndex step) {
  const std::vector<AheadStamp>& stamps = streams_.at(stream);
  const uint32_t width = schema.width();
  ids_.clear();
  values_.clear();
  counts_.clear();
  for (size_t i = 0; i < slice.ids.size(); ++i) {
    const uint64_t id = slice.ids[i];
    const bool has = std::any_of(stamps.begin(), stamps.end(), [&](const AheadStamp& stamp) {
      return stamp.last >= step && IsIn(id, schema, stamp);
    });
    if (has) continue;
    ids_.push_back(id);
    const auto values = slice.values.subspan(i * width, width);
    values_.insert(values_.end(), values.begin(), values.end());
    if (!slice.counts.empty()) counts_.push_back(slice.counts[i]);
  }
  TableSlice lacking;
  lacking.table = slice.table;
  lacking.ids = ids_;
  lacking.values = values_;
  lacking.counts = counts_;
  return lacking;
}

void AheadRows::OnApplied(StreamId stream, StepIndex step) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  std::erase_if(found->second, [&](const AheadStamp& stamp) { return stamp.last <= step; });
  if (found->second.empty()) streams_.erase(found);
}

void AheadRows::Forget(StreamId floor) {
  streams_.erase(streams_.begin(), streams_.lower_bound(floor));
}

std::vector<AheadStamp> AheadRows::stamps() const {
  std::vector<AheadStamp> all;
  for (const auto& [stream, stamps] : streams_) all.insert(all.end(), stamps.begin(), stamps.end());
  return all;
}

}  // namespace cairn
