#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "server/snapshot.h"
#include "server/snapshot_codec.h"

namespace cairn {

using snapshot::BlockKind;
using snapshot::PayloadWriter;

namespace {

// Of an increment's scan, for each row that it may find: most rows are clean.
constexpr size_t kLooksPerRow = 16;
// Of a slice: of wide rows it takes fewer than it is asked for.
constexpr size_t kSliceWordsMost = 16'384;

template <typename T>
void AppendValue(T value, std::vector<std::byte>* out) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  out->insert(out->end(), begin, begin + sizeof(value));
}

// As many of `items` as fit into one block, `item_bytes` each behind `header_bytes`; at least one.
template <typename T>
std::span<const T> TakeBlock(std::span<const T>* items, size_t header_bytes, size_t item_bytes) {
  const size_t most = std::max<size_t>((snapshot::kPayloadBytesMax - header_bytes) / item_bytes, 1);
  const std::span<const T> taken = items->first(std::min(most, items->size()));
  *items = items->subspan(taken.size());
  return taken;
}

}  // namespace

uint32_t SnapshotHeader::RowWords(size_t table) const {
  uint32_t words = kRowCountWords + tables[table].width();
  for (const uint32_t floats : state_floats[table]) words += floats;
  return words;
}

void SnapshotBlocks::Append(uint32_t kind, std::span<const std::byte> payload,
                            std::vector<std::byte>* out) {
  const size_t begin = out->size();
  AppendValue(snapshot::kBlockMagic, out);
  AppendValue(kind, out);
  AppendValue(blocks_, out);
  AppendValue(static_cast<uint32_t>(payload.size()), out);
  out->insert(out->end(), payload.begin(), payload.end());
  AppendValue(snapshot::BlockChecksum(std::span(*out).subspan(begin)), out);
  const std::span<const std::byte> block = std::span(*out).subspan(begin);
  crc_ = Crc32c(block, crc_);
  bytes_ += block.size();
  ++blocks_;
}

SnapshotWriter::SnapshotWriter(SnapshotHeader header, std::vector<TableShard>* shards,
                               Tracks tracks)
    : header_(std::move(header)), shards_(shards), tracks_(tracks == Tracks::kChanges) {
  CAIRN_CHECK(!shards->empty() && header_.tables.size() == shards->size());
  CAIRN_CHECK(!is_increment() || tracks_, "only checkpoints have increments");
  header_.state_floats.clear();
  for (const TableShard& shard : *shards) {
    CAIRN_CHECK(shard.schema().spec() == header_.tables[header_.state_floats.size()]);
    CAIRN_CHECK(shard.schema().partitions() == header_.partitions);
    header_.seed = shard.schema().seed();
    header_.state_floats.push_back(shard.schema().StateFloatsByPart());
    changed_.emplace_back();
  }
  header_.schema_hash = snapshot::SchemaHash(header_);
}

bool SnapshotWriter::ScanSlice(size_t rows_most, std::vector<std::byte>* out) {
  CAIRN_CHECK(rows_most > 0 && !finished_);
  if (!std::exchange(begun_, true)) WriteHeader(out);
  scan_.only_dirty = is_increment();
  scan_.mark_clean = tracks_;
  scan_.looks_left = is_increment() ? rows_most * kLooksPerRow : rows_most;
  size_t words_left = kSliceWordsMost;
  while (rows_most > 0 && words_left > 0 && scan_.looks_left > 0 && !cursor_.done(*shards_)) {
    const size_t words = header_.RowWords(cursor_.table());
    scan_.rows_left = std::min(rows_most, (words_left - 1) / words + 1);
    const size_t table = cursor_.NextRows(shards_, &scan_);
    rows_most -= scan_.ids.size();
    words_left -= std::min(words_left, scan_.ids.size() * words);
    WriteRows(table, scan_.ids, scan_.rows, out);
  }
  return !cursor_.done(*shards_);
}

void SnapshotWriter::RowsChanging(uint32_t table, std::span<const uint64_t> ids) {
  const TableShard& shard = (*shards_)[table];
  const uint32_t width = shard.schema().width();
  for (const uint64_t id : ids) {
    if (!cursor_.Passed(table, id)) continue;
    if (!changed_[table].insert(id).second || is_increment() || !shard.Has(id)) continue;
    // The row is as the body has it: from here on that does not count.
    row_.resize(width);
    shard.Read({&id, 1}, TableShard::Missing::kZero, row_.data());
    digest_ -= RowDigest(shard.schema().salt(), shard.schema().KeyOf(id), row_);
  }
}

void SnapshotWriter::Finish(const SnapshotStamps& stamps, std::vector<std::byte>* out) {
  CAIRN_CHECK(begun_ && cursor_.done(*shards_), "the body comes before the tail");
  CAIRN_CHECK(!std::exchange(finished_, true), "a snapshot ends once");
  for (size_t table = 0; table < shards_->size(); ++table) {
    WriteTail(table, out);
    if (tracks_) (*shards_)[table].NoteErased();
    const TableShard& shard = (*shards_)[table];
    if (shard.schema().spec().kind == TableSpec::Kind::kSparse) sparse_rows_ += shard.rows();
  }
  for (size_t table = 0; table < shards_->size(); ++table) WriteRetention(table, out);
  WriteStamps(stamps, out);
  WriteFooter(out);
}

void SnapshotWriter::WriteHeader(std::vector<std::byte>* out) {
  blocks_.Append(static_cast<uint32_t>(BlockKind::kHeader), snapshot::EncodeHeader(header_).bytes(),
                 out);
  for (size_t i = 0; i < header_.tables.size(); ++i) {
    const PayloadWriter table = snapshot::EncodeTable(header_.tables[i], header_.state_floats[i]);
    blocks_.Append(static_cast<uint32_t>(BlockKind::kTable), table.bytes(), out);
  }
}

void SnapshotWriter::WriteRows(size_t table, std::span<const uint64_t> ids,
                               std::span<const float> rows, std::vector<std::byte>* out) {
  const TableSchema& schema = (*shards_)[table].schema();
  const uint32_t words = schema.row_floats();
  while (!ids.empty()) {
    const auto block =
        TakeBlock(&ids, snapshot::kRowsHeaderBytes, sizeof(uint64_t) + words * sizeof(float));
    const auto block_rows = rows.first(block.size() * words);
    rows = rows.subspan(block_rows.size());
    keys_.clear();
    for (const uint64_t id : block) keys_.push_back(schema.KeyOf(id));
    PayloadWriter payload;
    payload.Put(static_cast<uint32_t>(table));
    payload.Put(words);
    payload.Put(static_cast<uint32_t>(block.size()));
    payload.PutBytes(std::as_bytes(std::span(keys_)));
    payload.PutBytes(std::as_bytes(block_rows));
    blocks_.Append(static_cast<uint32_t>(BlockKind::kRows), payload.bytes(), out);
    rows_written_ += block.size();
    if (is_increment()) continue;
    for (size_t i = 0; i < block.size(); ++i) {
      digest_ += RowDigest(schema.salt(), keys_[i],
                           block_rows.subspan(i * words + kRowCountWords, schema.width()));
    }
  }
}

void SnapshotWriter::WriteErased(size_t table, std::span<const uint64_t> ids,
                                 std::vector<std::byte>* out) {
  const TableSchema& schema = (*shards_)[table].schema();
  while (!ids.empty()) {
    const auto block = TakeBlock(&ids, snapshot::kErasedHeaderBytes, sizeof(uint64_t));
    PayloadWriter payload;
    payload.Put(static_cast<uint32_t>(table));
    payload.Put(static_cast<uint32_t>(block.size()));
    for (const uint64_t id : block) payload.Put(schema.KeyOf(id));
    blocks_.Append(static_cast<uint32_t>(BlockKind::kErased), payload.bytes(), out);
    erased_written_ += block.size();
  }
}

void SnapshotWriter::WriteTail(size_t table, std::vector<std::byte>* out) {
  const TableShard& shard = (*shards_)[table];
  ids_.assign(changed_[table].begin(), changed_[table].end());
  if (is_increment()) {  // What went before the scan came by; what came back is in the body.
    CAIRN_CHECK(shard.erased() != nullptr);
    std::ranges::copy_if(*shard.erased(), std::back_inserter(ids_), [&](uint64_t id) {
      return !changed_[table].contains(id) && !shard.Has(id);
    });
  }
  std::sort(ids_.begin(), ids_.end());
  const auto erased =
      std::stable_partition(ids_.begin(), ids_.end(), [&](uint64_t id) { return shard.Has(id); });
  const std::span<const uint64_t> changed(ids_.begin(), erased);
  const uint32_t words = shard.schema().row_floats();
  row_.resize(changed.size() * words);
  for (size_t i = 0; i < changed.size(); ++i) {
    CAIRN_CHECK(shard.Get(changed[i], row_.data() + i * words));
    if (tracks_) (*shards_)[table].MarkClean(changed[i]);
  }
  WriteRows(table, changed, row_, out);
  WriteErased(table, {erased, ids_.end()}, out);
}

// The state, and what of the sketch is not 0.
void SnapshotWriter::WriteRetention(size_t table, std::vector<std::byte>* out) {
  const Retention* const retention = (*shards_)[table].retention();
  if (retention == nullptr) return;
  const auto number = static_cast<uint32_t>(table);
  std::span<const std::byte> counters;
  if (retention->sketch() != nullptr) counters = retention->sketch()->counters();
  const auto piece = [&](size_t at) {
    return counters.subspan(at, std::min(snapshot::kSketchPieceBytes, counters.size() - at));
  };
  std::vector<uint64_t> told;  // Where pieces begin.
  for (uint64_t at = 0; at < counters.size(); at += snapshot::kSketchPieceBytes) {
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    if (!std::ranges::all_of(piece(at), is_zero)) told.push_back(at);
  }
  const auto state =
      snapshot::EncodeRetention(number, static_cast<uint32_t>(told.size()), retention->state());
  blocks_.Append(static_cast<uint32_t>(BlockKind::kRetention), state.bytes(), out);
  for (const uint64_t at : told) {
    PayloadWriter payload;
    payload.Put(number);
    payload.Put(at);
    payload.PutBytes(piece(at));
    blocks_.Append(static_cast<uint32_t>(BlockKind::kSketch), payload.bytes(), out);
  }
}

void SnapshotWriter::WriteStamps(const SnapshotStamps& stamps, std::vector<std::byte>* out) {
  CAIRN_CHECK(std::is_sorted(
      stamps.streams.begin(), stamps.streams.end(),
      [](const StreamStamp& a, const StreamStamp& b) { return a.stream < b.stream; }));
  PayloadWriter payload;
  payload.Put(stamps.closed);
  payload.Put(stamps.lsn);
  payload.Put(stamps.version);
  payload.Put(static_cast<uint32_t>(stamps.streams.size()));
  payload.Put(static_cast<uint32_t>(stamps.ahead.size()));
  blocks_.Append(static_cast<uint32_t>(BlockKind::kStamps), payload.bytes(), out);
  for (std::span<const StreamStamp> left = stamps.streams; !left.empty();) {
    PayloadWriter streams;
    for (const StreamStamp& stamp : TakeBlock(&left, 0, snapshot::kStreamBytes)) {
      streams.Put(stamp.stream);
      streams.Put(stamp.attempt);
      streams.Put(stamp.last);
    }
    blocks_.Append(static_cast<uint32_t>(BlockKind::kStreams), streams.bytes(), out);
  }
  for (std::span<const AheadStamp> left = stamps.ahead; !left.empty();) {
    PayloadWriter ahead;
    for (const AheadStamp& stamp : TakeBlock(&left, 0, snapshot::kAheadBytes)) {
      ahead.Put(stamp.stream);
      ahead.Put(stamp.partitions);
      ahead.Put(stamp.partition);
      ahead.Put(stamp.last);
    }
    blocks_.Append(static_cast<uint32_t>(BlockKind::kAhead), ahead.bytes(), out);
  }
}

void SnapshotWriter::WriteFooter(std::vector<std::byte>* out) {
  PayloadWriter payload;
  payload.Put(blocks_.bytes());
  payload.Put(rows_written_);
  payload.Put(erased_written_);
  payload.Put(sparse_rows_);
  payload.Put(digest_.high);
  payload.Put(digest_.low);
  payload.Put(blocks_.crc());
  blocks_.Append(static_cast<uint32_t>(BlockKind::kFooter), payload.bytes(), out);
}

}  // namespace cairn
