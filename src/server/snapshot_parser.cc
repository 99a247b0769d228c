#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "base/status.h"
#include "server/snapshot.h"
#include "server/snapshot_codec.h"
#include "sharding/placement.h"

namespace cairn {

using snapshot::BlockKind;
using snapshot::PayloadReader;

namespace {

// The fixed fields before a block's payload.
struct Frame {
  uint32_t magic = 0, kind = 0, number = 0, payload_bytes = 0;
};

Frame FrameOf(std::span<const std::byte> block) {
  Frame frame;
  std::memcpy(&frame.magic, block.data(), 4);
  std::memcpy(&frame.kind, block.data() + 4, 4);
  std::memcpy(&frame.number, block.data() + 8, 4);
  std::memcpy(&frame.payload_bytes, block.data() + 12, 4);
  return frame;
}

}  // namespace

absl::Status SnapshotParser::Damaged(std::string_view what) const {
  return DataLoss("snapshot is damaged in block ", block_, " at byte ", offset_, ": ", what);
}

absl::Status SnapshotParser::Feed(std::span<const std::byte> bytes) {
  while (status_.ok() && !bytes.empty()) status_ = Consume(&bytes);
  return status_;
}

absl::Status SnapshotParser::Finish() {
  if (status_.ok() && (expect_ != Expect::kEnd || !buffer_.empty())) {
    status_ = Damaged(Concat("it is cut short after ", offset_ + buffer_.size(), " bytes"));
  }
  return status_;
}

// Moves bytes into the block in the making, up to the point where something can be said about it.
absl::Status SnapshotParser::Consume(std::span<const std::byte>* bytes) {
  size_t target = snapshot::kBlockHeaderBytes;
  const bool in_payload = buffer_.size() >= target;
  if (in_payload) target += FrameOf(buffer_).payload_bytes + snapshot::kBlockCrcBytes;
  const auto taken = bytes->first(std::min(target - buffer_.size(), bytes->size()));
  buffer_.insert(buffer_.end(), taken.begin(), taken.end());
  *bytes = bytes->subspan(taken.size());
  if (buffer_.size() < target) return absl::OkStatus();
  if (!in_payload) return CheckFrame();

  CAIRN_RETURN_IF_ERROR(HandleBlock());
  crc_ = Crc32c(buffer_, crc_);
  offset_ += buffer_.size();
  ++block_;
  buffer_.clear();
  return absl::OkStatus();
}

// Before any of the payload is kept: can this be the next block?
absl::Status SnapshotParser::CheckFrame() const {
  const Frame frame = FrameOf(buffer_);
  if (frame.magic != snapshot::kBlockMagic) {
    return Damaged(block_ == 0 ? "this is not a snapshot" : "no block begins here");
  }
  if (expect_ == Expect::kEnd) return Damaged("it goes on after its footer");
  if (frame.number != block_) return Damaged(Concat("the block's number is ", frame.number));
  size_t most = snapshot::kPayloadBytesMax;
  if (frame.kind == static_cast<uint32_t>(BlockKind::kRows)) {
    const size_t one_row =
        snapshot::kRowsHeaderBytes + sizeof(uint64_t) + row_words_most_ * sizeof(float);
    most = std::max(most, one_row);
  }
  if (frame.payload_bytes <= most) return absl::OkStatus();
  return Damaged(Concat("a payload of ", frame.payload_bytes, " bytes, more than ", most));
}

absl::Status SnapshotParser::HandleBlock() {
  struct Handler {
    Expect expect;
    BlockKind kind;
    absl::Status (SnapshotParser::*handle)(std::span<const std::byte>);
  };
  static constexpr Handler kHandlers[] = {
      {Expect::kHeader, BlockKind::kHeader, &SnapshotParser::HandleHeader},
      {Expect::kTables, BlockKind::kTable, &SnapshotParser::HandleTable},
      {Expect::kRows, BlockKind::kRows, &SnapshotParser::HandleRows},
      {Expect::kRows, BlockKind::kErased, &SnapshotParser::HandleErased},
      {Expect::kRows, BlockKind::kRetention, &SnapshotParser::HandleRetention},
      {Expect::kRows, BlockKind::kStamps, &SnapshotParser::HandleStamps},
      {Expect::kRetention, BlockKind::kRetention, &SnapshotParser::HandleRetention},
      {Expect::kRetention, BlockKind::kSketch, &SnapshotParser::HandleSketch},
      {Expect::kRetention, BlockKind::kStamps, &SnapshotParser::HandleStamps},
      {Expect::kStreams, BlockKind::kStreams, &SnapshotParser::HandleStreams},
      {Expect::kAhead, BlockKind::kAhead, &SnapshotParser::HandleAhead},
      {Expect::kFooter, BlockKind::kFooter, &SnapshotParser::HandleFooter},
  };
  const std::span<const std::byte> block = buffer_;
  const auto content = block.first(block.size() - snapshot::kBlockCrcBytes);
  uint32_t checksum = 0;
  std::memcpy(&checksum, block.data() + content.size(), sizeof(checksum));
  if (checksum != snapshot::BlockChecksum(content)) {
    return Damaged("the block's checksum does not match");
  }
  const uint32_t kind = FrameOf(block).kind;
  for (const Handler& handler : kHandlers) {
    if (handler.expect != expect_ || static_cast<uint32_t>(handler.kind) != kind) continue;
    return (this->*handler.handle)(content.subspan(snapshot::kBlockHeaderBytes));
  }
  return Damaged(Concat("a block of kind ", kind, " cannot be here"));
}

absl::Status SnapshotParser::HandleHeader(std::span<const std::byte> payload) {
  const absl::Status status =
      snapshot::DecodeHeader(payload, &header_, &version_, &tables_missing_);
  if (status.code() == absl::StatusCode::kInvalidArgument) return Damaged(MessageOf(status));
  CAIRN_RETURN_IF_ERROR(status);
  expect_ = Expect::kTables;
  return absl::OkStatus();
}

absl::Status SnapshotParser::HandleTable(std::span<const std::byte> payload) {
  const size_t table = header_.tables.size();
  const absl::Status status = snapshot::DecodeTable(payload, &header_.tables.emplace_back(),
                                                    &header_.state_floats.emplace_back());
  if (!status.ok()) return Damaged(Concat("table ", table, ": ", MessageOf(status)));
  row_words_most_ = std::max(row_words_most_, header_.RowWords(table));
  if (--tables_missing_ > 0) return absl::OkStatus();
  if (header_.schema_hash != snapshot::SchemaHash(header_)) {
    return Damaged("the tables are not those that the header's hash is of");
  }
  for (const TableSpec& spec : header_.tables) salts_.push_back(TableSalt(spec.name));
  CAIRN_RETURN_IF_ERROR(MakeRules());
  expect_ = Expect::kRows;
  return sink_->OnHeader(header_);
}

// Which tables have a retention to come, and how large their sketches are.
absl::Status SnapshotParser::MakeRules() {
  for (uint32_t table = 0; table < header_.tables.size(); ++table) {
    const auto rules = RetentionRules::Make(header_.tables[table].retention, header_.partitions,
                                            header_.RowWords(table) - kRowCountWords);
    if (!rules.ok()) return Damaged(Concat("table ", table, ": ", MessageOf(rules.status())));
    rules_.push_back(*rules);
    if (rules->any()) retention_missing_.insert(retention_missing_.begin(), table);
  }
  return absl::OkStatus();
}

// Is `key` a row that a file of this partition can hold?
bool SnapshotParser::MayHold(uint32_t table, uint64_t key) const {
  const TableSpec& spec = header_.tables[table];
  if (spec.kind == TableSpec::Kind::kSparse) {
    return PartitionOfSparseId(SparseId(key, salts_[table]), header_.partitions) ==
           header_.partition;
  }
  return key < spec.blocks() &&
         PartitionOfBlock(key, salts_[table], header_.partitions) == header_.partition;
}

absl::Status SnapshotParser::ReadKeys(uint32_t table, std::span<const std::byte> bytes) {
  keys_.resize(bytes.size() / sizeof(uint64_t));
  if (!bytes.empty()) std::memcpy(keys_.data(), bytes.data(), keys_.size() * sizeof(uint64_t));
  for (const uint64_t key : keys_) {
    if (MayHold(table, key)) continue;
    return Damaged(Concat("table ", header_.tables[table].name, " cannot hold key ", key,
                          " in partition ", header_.partition));
  }
  return absl::OkStatus();
}

absl::Status SnapshotParser::HandleRows(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  uint32_t table = 0, words = 0, count = 0;
  if (!in.Get(&table, &words, &count)) return Damaged("rows without their table");
  if (table >= header_.tables.size() || words != header_.RowWords(table)) {
    return Damaged(Concat("rows of ", words, " words in table ", table));
  }
  const size_t row_bytes = words * sizeof(float);
  if (in.left() != uint64_t{count} * (sizeof(uint64_t) + row_bytes)) {
    return Damaged(Concat(in.left(), " bytes for ", count, " rows of ", words, " words"));
  }
  auto rest = payload.subspan(snapshot::kRowsHeaderBytes);
  CAIRN_RETURN_IF_ERROR(ReadKeys(table, rest.first(count * sizeof(uint64_t))));
  rest = rest.subspan(count * sizeof(uint64_t));
  row_.resize(words);
  for (const uint64_t key : keys_) {
    std::memcpy(row_.data(), rest.data(), row_bytes);
    rest = rest.subspan(row_bytes);
    CAIRN_RETURN_IF_ERROR(sink_->OnRow(table, key, row_));
  }
  rows_ += count;
  return absl::OkStatus();
}

absl::Status SnapshotParser::HandleErased(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  uint32_t table = 0, count = 0;
  if (!in.Get(&table, &count)) return Damaged("removals without their table");
  if (table >= header_.tables.size() || header_.tables[table].kind != TableSpec::Kind::kSparse) {
    return Damaged(Concat("removals from table ", table));
  }
  if (in.left() != uint64_t{count} * sizeof(uint64_t)) {
    return Damaged(Concat(in.left(), " bytes for ", count, " removals"));
  }
  CAIRN_RETURN_IF_ERROR(ReadKeys(table, payload.subspan(snapshot::kErasedHeaderBytes)));
  for (const uint64_t key : keys_) CAIRN_RETURN_IF_ERROR(sink_->OnErase(table, key));
  erased_ += count;
  return absl::OkStatus();
}

absl::Status SnapshotParser::HandleRetention(std::span<const std::byte> payload) {
  uint32_t table = 0;
  RetentionState state;
  CAIRN_RETURN_IF_ERROR(EndSketch());
  const absl::Status status = snapshot::DecodeRetention(payload, &table, &pieces_missing_, &state);
  if (!status.ok()) return Damaged(MessageOf(status));
  if (retention_missing_.empty() || retention_missing_.back() != table) {
    return Damaged(Concat("the retention of table ", table, " is not what comes next"));
  }
  retention_missing_.pop_back();
  const uint32_t swept = PartitionOfSparseId(state.hand, header_.partitions);
  if (swept != header_.partition) {
    return Damaged(Concat("a sweep of table ", table, " is in partition ", swept));
  }
  sketch_table_ = table;
  sketch_offset_ = 0;
  expect_ = Expect::kRetention;
  return sink_->OnRetention(table, state);
}

absl::Status SnapshotParser::EndSketch() const {
  if (pieces_missing_ == 0) return absl::OkStatus();
  return Damaged(
      Concat(pieces_missing_, " pieces of the sketch of table ", sketch_table_, " are missing"));
}

absl::Status SnapshotParser::HandleSketch(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  uint32_t table = 0;
  uint64_t offset = 0;
  if (!in.Get(&table, &offset)) return Damaged("a piece of a sketch without its place");
  const uint64_t bytes = rules_[sketch_table_].sketch_bytes;
  if (table != sketch_table_ || pieces_missing_ == 0 || in.left() == 0 || offset < sketch_offset_ ||
      offset > bytes || in.left() > bytes - offset) {
    return Damaged(Concat(in.left(), " bytes at ", offset, " of the sketch of table ", table));
  }
  --pieces_missing_;
  sketch_offset_ = offset + in.left();
  return sink_->OnSketch(table, offset, payload.subspan(snapshot::kSketchHeaderBytes));
}

absl::Status SnapshotParser::HandleStamps(std::span<const std::byte> payload) {
  CAIRN_RETURN_IF_ERROR(EndSketch());
  if (!retention_missing_.empty()) {
    return Damaged(Concat("the retention of table ", retention_missing_.back(), " is missing"));
  }
  PayloadReader in(payload);
  if (!in.Get(&stamps_.closed, &stamps_.lsn, &stamps_.version, &streams_missing_) ||
      (version_ > 4 && !in.Get(&ahead_missing_)) || in.left() != 0) {
    return Damaged("stamps of the wrong length");
  }
  expect_ = Expect::kStreams;
  return EndStamps();
}

absl::Status SnapshotParser::HandleStreams(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  const size_t count = payload.size() / snapshot::kStreamBytes;
  if (count == 0 || count > streams_missing_ || payload.size() % snapshot::kStreamBytes != 0) {
    return Damaged(Concat(payload.size(), " bytes of streams, ", streams_missing_, " to come"));
  }
  for (size_t i = 0; i < count; ++i) {
    StreamStamp stamp;
    if (!in.Get(&stamp.stream, &stamp.attempt, &stamp.last)) return Damaged("streams are missing");
    if (!stamps_.streams.empty() && stamp.stream <= stamps_.streams.back().stream) {
      return Damaged(Concat("stream ", stamp.stream, " is out of order"));
    }
    stamps_.streams.push_back(stamp);
  }
  streams_missing_ -= static_cast<uint32_t>(count);
  return EndStamps();
}

absl::Status SnapshotParser::HandleAhead(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  const size_t count = payload.size() / snapshot::kAheadBytes;
  if (count == 0 || count > ahead_missing_ || payload.size() % snapshot::kAheadBytes != 0) {
    return Damaged(Concat(payload.size(), " bytes of rows ahead, ", ahead_missing_, " to come"));
  }
  for (size_t i = 0; i < count; ++i) {
    AheadStamp stamp;
    if (!in.Get(&stamp.stream, &stamp.partitions, &stamp.partition, &stamp.last) ||
        !std::has_single_bit(stamp.partitions) || stamp.partition >= stamp.partitions) {
      return Damaged(Concat("rows ahead in partition ", stamp.partition, " of ", stamp.partitions));
    }
    if (!stamps_.ahead.empty() && stamp <= stamps_.ahead.back()) {
      return Damaged(Concat("rows ahead in stream ", stamp.stream, " are out of order"));
    }
    stamps_.ahead.push_back(stamp);
  }
  ahead_missing_ -= static_cast<uint32_t>(count);
  return EndStamps();
}

absl::Status SnapshotParser::EndStamps() {
  if (streams_missing_ > 0) return absl::OkStatus();
  expect_ = ahead_missing_ > 0 ? Expect::kAhead : Expect::kFooter;
  if (ahead_missing_ > 0) return absl::OkStatus();
  return sink_->OnStamps(stamps_);
}

absl::Status SnapshotParser::HandleFooter(std::span<const std::byte> payload) {
  PayloadReader in(payload);
  uint64_t bytes = 0, rows = 0, erased = 0;
  uint32_t crc = 0;
  if (!in.Get(&bytes, &rows, &erased, &sparse_rows_, &digest_.high, &digest_.low, &crc) ||
      in.left() != 0) {
    return Damaged("a footer of the wrong length");
  }
  if (bytes != offset_ || crc != crc_) return Damaged("the footer is that of other blocks");
  if (rows != rows_ || erased != erased_) {
    return Damaged(Concat("the footer tells of ", rows, " rows and ", erased,
                          " removals; there are ", rows_, " and ", erased_));
  }
  expect_ = Expect::kEnd;
  return absl::OkStatus();
}

absl::Status CheckFollows(uint64_t since, uint64_t before) {
  if (since == before) return absl::OkStatus();
  if (since == 0)
    return DataLoss("all rows, where an increment on checkpoint ", before, " belongs");
  const std::string wanted = Concat("only what changed since checkpoint ", since);
  if (before == 0) return DataLoss(wanted, ", without that one's file before it");
  return DataLoss(wanted, ", behind a file of checkpoint ", before);
}

}  // namespace cairn
