#include "server/partition.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/hash.h"
#include "base/status.h"
#include "kernels/rounding.h"
#include "sharding/merge.h"
#include "sharding/wire_values.h"
#include "wire/limits.h"

namespace cairn {
namespace {

// What is left of one slice of the contributions to a bsp step.
struct Source {
  const TableSlice* slice;
  size_t at = 0;

  uint64_t id() const { return slice->ids[at]; }
  uint32_t count() const { return slice->counts.empty() ? 1 : slice->counts[at]; }
};

// The slices of one table, merged: every id once, ascending, with the sums of what the slices bring
// for it, added up in the order of the slices. [rows], [rows], [rows x width].
struct Merged {
  std::vector<uint64_t> ids;
  std::vector<uint32_t> counts;
  std::vector<float> sums;
};
Merged Merge(const TableSpec& spec, const std::vector<const TableSlice*>& slices) {
  const size_t width = spec.width();
  // A heap of sources by id, then by their order: what comes first is its front.
  std::vector<Source> sources;
  size_t ids = 0;
  for (const TableSlice* slice : slices) {
    if (!slice->ids.empty()) sources.push_back({slice});
    ids += slice->ids.size();
  }
  std::vector<uint32_t> heap(sources.size());
  std::iota(heap.begin(), heap.end(), 0);
  const auto later = [&](uint32_t a, uint32_t b) {
    return sources[a].id() != sources[b].id() ? sources[a].id() > sources[b].id() : a > b;
  };
  std::make_heap(heap.begin(), heap.end(), later);
  Merged merged;
  merged.ids.reserve(ids);
  merged.counts.reserve(ids);
  merged.sums.reserve(ids * width);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Source& source = sources[heap.back()];
    const float* values = source.slice->values.data() + source.at * width;
    if (merged.ids.empty() || merged.ids.back() != source.id()) {
      merged.ids.push_back(source.id());
      merged.counts.push_back(source.count());
      merged.sums.insert(merged.sums.end(), values, values + width);
    } else {
      merged.counts.back() += source.count();
      MergeRow(spec, values, merged.sums.data() + merged.sums.size() - width);
    }
    if (++source.at == source.slice->ids.size()) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  return merged;
}

TableSchema::Step StepOf(const Push& push, uint64_t rows, uint64_t chance) {
  return {.epoch = push.epoch,
          .rate_factor = push.rate_factor,
          .inverse_rows = rows == 0 ? 1.0f : 1.0f / static_cast<float>(rows),
          .chance = chance};
}

uint64_t BytesOf(const Push& push, const PushPart& part) {
  uint64_t bytes = sizeof(PushPart);
  for (uint32_t i = part.slice_begin; i < part.slice_end; ++i) {
    const TableSlice& slice = push.slices[i];
    bytes += sizeof(TableSlice) + slice.ids.size_bytes() + slice.values.size_bytes() +
             slice.counts.size_bytes();
  }
  return bytes;
}

}  // namespace

bool StreamSet::IsClosed(StreamId stream) const {
  return stream < floor || std::binary_search(closed.begin(), closed.end(), stream);
}

Partition::Partition(const PartitionContext* context, uint32_t index)
    : context_(context), index_(index) {
  shards_.reserve(context->schemas.size());
  for (const auto& schema : context->schemas) shards_.emplace_back(schema, index);
}

std::string Partition::Validate(const std::vector<TableSlice>& slices, uint32_t begin, uint32_t end,
                                bool is_push) const {
  if (begin > end || end > slices.size()) return "slices out of range";
  for (uint32_t i = begin; i < end; ++i) {
    const TableSlice& slice = slices[i];
    if (slice.table >= shards_.size()) {
      return Concat("table ", slice.table, " of ", shards_.size());
    }
    const TableShard& shard = shards_[slice.table];
    const std::string& name = shard.schema().spec().name;
    if (is_push && slice.values.size() != slice.ids.size() * shard.schema().width()) {
      return Concat("table ", name, ": ", slice.values.size(), " values for ", slice.ids.size(),
                    " rows of ", shard.schema().width());
    }
    if (is_push && !slice.counts.empty() && slice.counts.size() != slice.ids.size()) {
      return Concat("table ", name, ": ", slice.counts.size(), " counts for ", slice.ids.size(),
                    " rows");
    }
    const size_t k = shard.FirstOutOfPlace(slice.ids);
    if (k == slice.ids.size()) continue;
    const uint64_t id = slice.ids[k];
    if (!shard.Owns(id)) {
      return Concat("table ", name, ": id ", id, " does not belong to partition ", index_);
    }
    return Concat("table ", name, ": id ", id, " comes after ", slice.ids[k - 1],
                  ", but ids have to ascend");
  }
  return {};
}

void Partition::Prefetch(const std::vector<TableSlice>& slices, uint32_t begin,
                         uint32_t end) const {
  for (uint32_t i = begin; i < std::min<size_t>(end, slices.size()); ++i) {
    if (slices[i].table < shards_.size()) shards_[slices[i].table].Prefetch(slices[i].ids);
  }
}

StepIndex Partition::LastOf(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second.last;
}

// Steps 2 to 4 of "on Push" (doc/protocol.md): the stamp decides, not the content.
PartResult Partition::Judge(const Push& push, const PushPart& part) const {
  const StreamSet& set = context_->streams;
  const StreamId stream = push.ref.stream;
  PartResult result{index_, PartCode::kOk, 0};
  if (stream >= set.opened) {
    result.code = PartCode::kBehind;
    return result;
  }
  const auto found = streams_.find(stream);
  const StreamState state = found == streams_.end() ? StreamState{} : found->second;
  result.last = state.last;
  if (stream < set.floor || push.ref.attempt < state.attempt) {
    result.code = PartCode::kFenced;
    return result;
  }
  if (context_->guards.stamp_check && push.step <= state.last) return result;  // A duplicate.
  const bool chained = context_->job.mode.consistency != Consistency::kAsp;
  if (chained && set.IsClosed(stream)) {  // Nothing new from a stream that has ended.
    result.code = PartCode::kFenced;
    return result;
  }
  const bool may_start =
      !chained && part.prev == kStart && (state.attempt < push.ref.attempt || state.last == 0);
  if (context_->guards.gap_check && !may_start && part.prev > state.last) {
    result.code = PartCode::kGap;
    return result;
  }
  // Who pulls everywhere first never gets here: one contribution of each stream is kept, no more.
  if (context_->job.mode.consistency == Consistency::kBsp && delivered_.contains(stream)) {
    result.code = PartCode::kBehind;
    return result;
  }
  result.last = push.step;
  return result;
}

Partition::PushOutcome Partition::OnPush(const MessagePtr& message, const PushPart& part) {
  const Push& push = *BodyAs<Push>(*message);
  PushOutcome outcome;
  outcome.error = Validate(push.slices, part.slice_begin, part.slice_end, true);
  if (!outcome.error.empty()) {
    outcome.result = {index_, PartCode::kInvalid, 0};
    return outcome;
  }
  outcome.result = Judge(push, part);
  if (outcome.result.code != PartCode::kOk) return outcome;
  if (context_->guards.stamp_check && push.step <= LastOf(push.ref.stream)) return outcome;

  if (AssemblyBytes(push.ref.stream) + BytesOf(push, part) > limits::kRecordBytesMax) {
    outcome.error = Concat("a record of more than ", limits::kRecordBytesMax, " bytes");
    outcome.result.code = PartCode::kInvalid;
    DropAssembly(push.ref.stream);
    return outcome;
  }
  Record record;
  if (part.fragment_count == 1) {
    record.messages = {message};
    record.parts = {&part};
  } else if (!Assemble(message, part, &record)) {
    outcome.answered = false;
    return outcome;
  }
  Execute(push, std::move(record));
  outcome.changed = true;
  return outcome;
}

// Files one fragment; true when it was the last one missing.
bool Partition::Assemble(const MessagePtr& message, const PushPart& part, Record* record) {
  const Push& push = *BodyAs<Push>(*message);
  const StreamId stream = push.ref.stream;
  auto found = assemblies_.find(stream);
  if (found != assemblies_.end() && push.ref.attempt < found->second.ref.attempt) return false;
  if (found != assemblies_.end() &&
      (found->second.ref != push.ref || found->second.step != push.step ||
       found->second.messages.size() != part.fragment_count)) {
    DropAssembly(stream);  // Another attempt or step took over: its cut may differ.
    found = assemblies_.end();
  }
  if (found == assemblies_.end()) {
    Assembly assembly{push.ref, push.step, part.fragment_count, 0, {}, {}};
    assembly.messages.resize(part.fragment_count);
    assembly.parts.resize(part.fragment_count);
    found = assemblies_.emplace(stream, std::move(assembly)).first;
  }
  Assembly& assembly = found->second;
  if (part.fragment >= part.fragment_count || assembly.messages[part.fragment] != nullptr) {
    return false;
  }
  const uint64_t bytes = BytesOf(push, part);
  CAIRN_CHECK(assembly.bytes + bytes <= limits::kRecordBytesMax, "OnPush has refused it");
  assembly.bytes += bytes;
  assembly_bytes_ += bytes;
  assembly.messages[part.fragment] = message;
  assembly.parts[part.fragment] = &part;
  if (--assembly.missing > 0) return false;
  record->messages = std::move(assembly.messages);
  record->parts = std::move(assembly.parts);
  DropAssembly(stream);
  return true;
}

uint64_t Partition::AssemblyBytes(StreamId stream) const {
  const auto found = assemblies_.find(stream);
  return found == assemblies_.end() ? 0 : found->second.bytes;
}

void Partition::DropAssembly(StreamId stream) {
  const auto found = assemblies_.find(stream);
  if (found == assemblies_.end()) return;
  assembly_bytes_ -= found->second.bytes;
  assemblies_.erase(found);
}

// Step 5: one operation of the log.
void Partition::Execute(const Push& push, Record record) {
  ++lsn_;
  StreamState& state = streams_[push.ref.stream];
  CAIRN_CHECK(push.ref.attempt >= state.attempt, "a fenced attempt was executed");
  state.attempt = push.ref.attempt;
  state.last = std::max(state.last, push.step);
  if (context_->job.mode.consistency == Consistency::kBsp) {
    record.arrival = ++arrivals_;
    delivered_[push.ref.stream] = std::move(record);
    ApplyCompleteSteps();
  } else {
    ApplyNow(push, record);
  }
}

void Partition::ApplyNow(const Push& push, const Record& record) {
  const TableSchema::Step step = StepOf(push, push.rows, HashWords(push.ref.stream, push.step));
  const bool is_partly_there = ahead_.Have(push.ref.stream, push.step);
  for (size_t f = 0; f < record.parts.size(); ++f) {
    const Push& fragment = *BodyAs<Push>(*record.messages[f]);
    for (uint32_t i = record.parts[f]->slice_begin; i < record.parts[f]->slice_end; ++i) {
      TableSlice slice = fragment.slices[i];
      TableShard& shard = shards_[slice.table];
      if (is_partly_there) {
        slice = ahead_.Lacking(slice, shard.schema(), push.ref.stream, push.step);
      }
      if (snapshot_ != nullptr) snapshot_->RowsChanging(slice.table, slice.ids);
      shard.Apply(step, slice.ids, slice.values, slice.counts);
    }
  }
  ahead_.OnApplied(push.ref.stream, push.step);
  SweepTables();
}

// The end of a step: rows that expire or have to make room go.
void Partition::SweepTables() {
  const bool has_undo =
      context_->job.mode.consistency == Consistency::kBsp && context_->guards.undo;
  for (uint32_t table = 0; table < shards_.size(); ++table) {
    const Retention::Found* found = shards_[table].Sweep();
    if (found == nullptr || (found->gone.empty() && found->old.empty())) continue;
    if (has_undo) undo_.Save(shards_[table], found->gone);
    if (snapshot_ != nullptr) {
      snapshot_->RowsChanging(table, found->gone);
      snapshot_->RowsChanging(table, found->old);
    }
    shards_[table].CarryOutSweep();
    if (snapshot_ == nullptr) shards_[table].MaybeForgetErased();
  }
}

bool Partition::NotesErased() const {
  return std::all_of(shards_.begin(), shards_.end(),
                     [](const TableShard& shard) { return shard.erased() != nullptr; });
}

bool Partition::EveryoneDelivered() const {
  for (StreamId stream = 0; stream < context_->job.streams; ++stream) {
    if (delivered_.contains(stream)) continue;
    if (context_->streams.IsClosed(stream) && LastOf(stream) <= version_) continue;
    return false;
  }
  return !delivered_.empty();
}

bool Partition::ApplyCompleteSteps() {
  if (!EveryoneDelivered()) return false;
  ApplyStep();
  return true;
}

// bsp: adds up what all streams brought for step version_ + 1, in stream order, and applies the
// sum once.
void Partition::ApplyStep() {
  std::vector<const Record*> records;
  for (const auto& [stream, record] : delivered_) records.push_back(&record);
  if (!context_->guards.stream_order) {
    std::sort(records.begin(), records.end(),
              [](const Record* a, const Record* b) { return a->arrival < b->arrival; });
  }
  undo_.Clear();
  uint64_t rows = 0;
  std::vector<std::vector<const TableSlice*>> by_table(shards_.size());
  for (const Record* record : records) {
    rows += BodyAs<Push>(*record->messages[0])->rows;
    for (size_t f = 0; f < record->parts.size(); ++f) {
      const Push& push = *BodyAs<Push>(*record->messages[f]);
      for (uint32_t i = record->parts[f]->slice_begin; i < record->parts[f]->slice_end; ++i) {
        by_table[push.slices[i].table].push_back(&push.slices[i]);
      }
    }
  }
  const Push& any = *BodyAs<Push>(*records.front()->messages[0]);
  const TableSchema::Step step = StepOf(any, rows, Mix64(version_ + 1));
  const auto apply = [&](uint32_t table, std::span<const uint64_t> ids, std::span<const float> sums,
                         std::span<const uint32_t> counts) {
    if (context_->guards.undo) undo_.Save(shards_[table], ids);
    if (snapshot_ != nullptr) snapshot_->RowsChanging(table, ids);
    shards_[table].Apply(step, ids, sums, counts);
  };
  for (uint32_t table = 0; table < shards_.size(); ++table) {
    if (by_table[table].size() == 1) {  // Nothing to merge: as it was sent.
      const TableSlice& slice = *by_table[table].front();
      apply(table, slice.ids, slice.values, slice.counts);
    } else if (!by_table[table].empty()) {
      const Merged merged = Merge(shards_[table].schema().spec(), by_table[table]);
      apply(table, merged.ids, merged.sums, merged.counts);
    }
  }
  SweepTables();
  ++version_;
  delivered_.clear();
}

bool Partition::OnStreamsChanged() {
  const StreamSet& set = context_->streams;
  while (!assemblies_.empty() && assemblies_.begin()->first < set.floor) {
    DropAssembly(assemblies_.begin()->first);
  }
  streams_.erase(streams_.begin(), streams_.lower_bound(set.floor));
  ahead_.Forget(set.floor);
  return context_->job.mode.consistency == Consistency::kBsp && ApplyCompleteSteps();
}

StepIndex Partition::MinLast() const {
  StepIndex least = ~StepIndex{0};
  for (StreamId stream = 0; stream < context_->job.streams; ++stream) {
    if (!context_->streams.IsClosed(stream)) least = std::min(least, LastOf(stream));
  }
  return least;
}

Partition::PullOutcome Partition::OnPull(const Pull& pull, const PullPart& part) const {
  PullOutcome outcome;
  outcome.result = {index_, PartCode::kOk, 0};
  outcome.error = Validate(pull.slices, part.slice_begin, part.slice_end, false);
  if (!outcome.error.empty()) {
    outcome.result.code = PartCode::kInvalid;
    return outcome;
  }
  if (pull.kind == Pull::Kind::kReadOnly) return outcome;
  const StreamSet& set = context_->streams;
  const StreamId stream = pull.ref.stream;
  if (stream >= set.opened) {
    outcome.result.code = PartCode::kBehind;
    return outcome;
  }
  const auto found = streams_.find(stream);
  const StreamState state = found == streams_.end() ? StreamState{} : found->second;
  if (set.IsClosed(stream) || pull.ref.attempt < state.attempt) {
    outcome.result.code = PartCode::kFenced;
    return outcome;
  }
  const ConsistencyMode mode = context_->job.mode;
  if (mode.consistency == Consistency::kBsp) {
    // In a checkpoint all partitions have its step, and no undo of it.
    if (pull.step < version_ || pull.step <= restored_) {
      outcome.result.code = PartCode::kPassed;
    } else {
      outcome.wait = pull.step > version_ + 1;
    }
    return outcome;
  }
  outcome.wait = state.last < part.min;
  if (mode.consistency == Consistency::kSsp && pull.step > 1 + StepIndex{mode.staleness}) {
    outcome.wait = outcome.wait || MinLast() < pull.step - 1 - mode.staleness;
  }
  return outcome;
}

size_t Partition::FloatsOf(const Pull& pull, const PullPart& part) const {
  size_t floats = 0;
  for (uint32_t i = part.slice_begin; i < part.slice_end; ++i) {
    const TableSlice& slice = pull.slices[i];
    floats += slice.ids.size() * shards_[slice.table].schema().width();
  }
  return floats;
}

void Partition::ReadPull(const Pull& pull, const PullPart& part, float* values) const {
  const bool training = pull.kind == Pull::Kind::kTraining;
  const bool before =
      training && context_->job.mode.consistency == Consistency::kBsp && pull.step == version_;
  for (uint32_t i = part.slice_begin; i < part.slice_end; ++i) {
    const TableSlice& slice = pull.slices[i];
    const TableShard& shard = shards_[slice.table];
    const size_t floats = slice.ids.size() * shard.schema().width();
    shard.Read(slice.ids, training ? TableShard::Missing::kInitial : TableShard::Missing::kZero,
               values);
    if (before) undo_.Patch(shard, slice.ids, values);
    if (training && IsRounded(context_->job, shard.schema().spec())) RoundToBf16({values, floats});
    values += floats;
  }
}

SnapshotStamps Partition::Stamps() const {
  SnapshotStamps stamps;
  stamps.closed = context_->streams.floor;
  stamps.lsn = lsn_;
  stamps.version = version_;
  for (const auto& [stream, state] : streams_) {
    stamps.streams.push_back({stream, state.attempt, state.last});
  }
  stamps.ahead = ahead_.stamps();
  return stamps;
}

SnapshotStamps Partition::AppliedStamps() const {
  SnapshotStamps stamps = Stamps();
  if (context_->job.mode.consistency != Consistency::kBsp) return stamps;
  for (StreamStamp& stamp : stamps.streams) stamp.last = std::min(stamp.last, version_);
  return stamps;
}

void Partition::Restore(const SnapshotStamps& stamps) {
  CAIRN_CHECK(lsn_ == 0 && streams_.empty(), "a partition is restored before it is served");
  lsn_ = stamps.lsn;
  version_ = restored_ = stamps.version;
  for (const StreamStamp& stamp : stamps.streams) {
    if (context_->guards.stamps_kept) streams_[stamp.stream] = {stamp.attempt, stamp.last};
  }
  if (context_->guards.ahead_kept) ahead_ = AheadRows(stamps.ahead);
}

}  // namespace cairn
