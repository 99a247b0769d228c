// One partition's saved state, as a stream of bytes: the checkpoint file, what a new backup is
// sent, the body of a migration, the exported model. doc/snapshot_format.md gives it to the byte.
//
//   header, tables | body: every row, while the partition goes on working | tail: what changed or
//   went since it was scanned | retention: what decides about rows to come | stamps of the position
//   that this is the state at | footer
//
// Rows carry keys (of dense tables: block indices), not ids, so that files can be read into any
// number of partitions. Later rows win over earlier ones.
//
// An increment has only the rows that changed since a former snapshot, and the keys of those that
// went. Read behind that one, it leads to the same state as a snapshot of all rows would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "cairn/table.h"
#include "server/digest.h"
#include "server/shard_cursor.h"
#include "server/table_shard.h"
#include "wire/message.h"

namespace cairn {

inline constexpr uint32_t kSnapshotVersion = 5;
inline constexpr uint32_t kSnapshotVersionLeast = 3;  // That is read.

struct SnapshotHeader {
  std::string job;
  uint64_t checkpoint = 0;
  uint64_t generation = 0;  // The caller's: which of several snapshots of one checkpoint.
  // An increment: of the rows only those that are not as in the snapshot of this checkpoint, to be
  // read after that one. 0: all rows.
  uint64_t since = 0;
  uint32_t partition = 0;
  uint32_t partitions = 1;
  std::vector<TableSpec> tables;
  // The writer fills these in.
  uint64_t seed = 0;                                // Of the job: rows that are missing have
                                                    // their initial weights from it.
  std::vector<std::vector<uint32_t>> state_floats;  // Optimizer state, by table and part.
  uint64_t schema_hash = 0;                         // Of tables and state_floats.

  // Words of a row of `table`: count, weights, state.
  uint32_t RowWords(size_t table) const;
};

// Which steps are in the rows.
struct StreamStamp {
  StreamId stream = 0;
  uint32_t attempt = 0;
  StepIndex last = 0;

  bool operator==(const StreamStamp&) const = default;
};
// Those of the partition's rows that would be in `partition` if there were `partitions` of them
// have the stream's steps up to `last`, though not all rows have (ahead_rows.h).
struct AheadStamp {
  StreamId stream = 0;
  uint32_t partitions = 1;
  uint32_t partition = 0;
  StepIndex last = 0;

  auto operator<=>(const AheadStamp&) const = default;
};
struct SnapshotStamps {
  StreamId closed = 0;    // Streams below are closed for good.
  uint64_t lsn = 0;       // Operations of the partition's log.
  StepIndex version = 0;  // bsp: the last step applied.
  std::vector<StreamStamp> streams;
  std::vector<AheadStamp> ahead = {};  // asp and ssp. Ascending.

  bool operator==(const SnapshotStamps&) const = default;
};

// Frames payloads as blocks and keeps the counts and checksums of the footer. Internal.
class SnapshotBlocks {
 public:
  void Append(uint32_t kind, std::span<const std::byte> payload, std::vector<std::byte>* out);
  uint32_t blocks() const { return blocks_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t crc() const { return crc_; }

 private:
  uint32_t blocks_ = 0;
  uint64_t bytes_ = 0;
  uint32_t crc_ = 0;  // CRC-32C of all bytes so far.
};

// Writes the snapshot of one partition in slices between its operations. Owned by the partition's
// executor; not thread-safe; never fails.
class SnapshotWriter {
 public:
  // header.tables are the shards' tables, in the same order; header.since is 0. `shards` outlive
  // the writer, and only change as RowsChanging says.
  SnapshotWriter(SnapshotHeader header, std::vector<TableShard>* shards)
      : SnapshotWriter(std::move(header), shards, Tracks::kNothing) {}

  // Leaves the shards' rows clean, and lets them note from its end on which ones go: if all of it
  // becomes durable, the next one may be an increment on it. If header.since is not 0, this one is,
  // and the shards have noted it since the one before, and go on noting until this one is finished.
  static SnapshotWriter OfCheckpoint(SnapshotHeader header, std::vector<TableShard>* shards) {
    return SnapshotWriter(std::move(header), shards, Tracks::kChanges);
  }

  // Appends whole blocks with up to `rows_most` more rows (at least 1) of the body, of wide ones
  // fewer, at first the header. False when the body is complete.
  bool ScanSlice(size_t rows_most, std::vector<std::byte>* out);

  // The partition is about to change, create or erase these rows: call it BEFORE. Those that the
  // scan went over already will be in the tail. Ids may repeat.
  void RowsChanging(uint32_t table, std::span<const uint64_t> ids);

  // Appends the tail, the stamps and the footer: the stream is complete, and is the state of the
  // shards at this moment. Once, after ScanSlice returned false.
  void Finish(const SnapshotStamps& stamps, std::vector<std::byte>* out);

  // Of the rows in the complete snapshot; 0 of an increment, which has not seen all of them. Valid
  // after Finish.
  const ModelDigest& digest() const { return digest_; }
  uint64_t rows() const { return sparse_rows_; }  // Of sparse tables, those of no increment too.
  // Of all bytes so far.
  uint64_t bytes() const { return blocks_.bytes(); }
  uint32_t crc() const { return blocks_.crc(); }

 private:
  enum class Tracks : uint8_t { kNothing, kChanges };
  SnapshotWriter(SnapshotHeader header, std::vector<TableShard>* shards, Tracks tracks);
  bool is_increment() const { return header_.since != 0; }
  void WriteHeader(std::vector<std::byte>* out);
  void WriteRows(size_t table, std::span<const uint64_t> ids, std::span<const float> rows,
                 std::vector<std::byte>* out);
  void WriteErased(size_t table, std::span<const uint64_t> ids, std::vector<std::byte>* out);
  void WriteTail(size_t table, std::vector<std::byte>* out);
  void WriteRetention(size_t table, std::vector<std::byte>* out);
  void WriteStamps(const SnapshotStamps& stamps, std::vector<std::byte>* out);
  void WriteFooter(std::vector<std::byte>* out);

  SnapshotHeader header_;
  std::vector<TableShard>* shards_;
  const bool tracks_;  // Which rows change, in the shards: of a checkpoint.

  bool begun_ = false, finished_ = false;
  ShardCursor cursor_;
  // By table: ids in the body that are no longer as it says.
  std::vector<absl::flat_hash_set<uint64_t>> changed_;
  SnapshotBlocks blocks_;
  uint64_t rows_written_ = 0, erased_written_ = 0, sparse_rows_ = 0;
  ModelDigest digest_;
  RowScan scan_;                // Scratch.
  std::vector<uint64_t> ids_;   // Scratch.
  std::vector<uint64_t> keys_;  // Scratch.
  std::vector<float> row_;      // Scratch.
};

// Who is told what a snapshot holds, in the order of the file: the header, rows and removals, the
// retention of each table that has any, the stamps. An error stops the parser. What was told counts
// only if Finish says OK.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  virtual absl::Status OnHeader(const SnapshotHeader& header) = 0;
  // `row` lives for the call. A later row of the same key replaces it.
  virtual absl::Status OnRow(uint32_t table, uint64_t key, std::span<const float> row) = 0;
  virtual absl::Status OnErase(uint32_t table, uint64_t key) = 0;
  // Its state, then pieces of its sketch, ascending: what no piece tells of is 0.
  virtual absl::Status OnRetention(uint32_t, const RetentionState&) { return {}; }
  virtual absl::Status OnSketch(uint32_t, uint64_t /*offset*/, std::span<const std::byte>) {
    return {};
  }
  virtual absl::Status OnStamps(const SnapshotStamps& stamps) = 0;
};

// OK if a snapshot that is an increment on that of checkpoint `since` (0: it has all rows) may be
// read when the rows are those of checkpoint `before` (0: there are none); else kDataLoss.
absl::Status CheckFollows(uint64_t since, uint64_t before);

// Reads a snapshot from pieces of any size. Whatever the bytes are, it neither crashes nor
// allocates more than a small multiple of the largest block (2 MiB).
class SnapshotParser {
 public:
  // `sink` outlives the parser.
  explicit SnapshotParser(SnapshotSink* sink) : sink_(sink) {}

  // kDataLoss names block and byte offset of what is damaged; kUnimplemented: another version;
  // else the sink's error. After an error, the same error again.
  absl::Status Feed(std::span<const std::byte> bytes);
  // At the end of the bytes. kDataLoss: something is missing.
  absl::Status Finish();

  // What the footer says; valid after Finish said OK.
  const ModelDigest& digest() const { return digest_; }  // Of an increment, as the writer's.
  uint64_t rows() const { return sparse_rows_; }         // Of sparse tables.

 private:
  enum class Expect : uint8_t {
    kHeader,
    kTables,
    kRows,
    kRetention,
    kStreams,
    kAhead,
    kFooter,
    kEnd
  };

  absl::Status Damaged(std::string_view what) const;
  absl::Status Consume(std::span<const std::byte>* bytes);
  absl::Status CheckFrame() const;
  absl::Status HandleBlock();
  absl::Status HandleHeader(std::span<const std::byte> payload);
  absl::Status HandleTable(std::span<const std::byte> payload);
  absl::Status MakeRules();
  absl::Status EndSketch() const;
  absl::Status HandleRows(std::span<const std::byte> payload);
  absl::Status HandleErased(std::span<const std::byte> payload);
  absl::Status HandleRetention(std::span<const std::byte> payload);
  absl::Status HandleSketch(std::span<const std::byte> payload);
  absl::Status HandleStamps(std::span<const std::byte> payload);
  absl::Status HandleStreams(std::span<const std::byte> payload);
  absl::Status HandleAhead(std::span<const std::byte> payload);
  absl::Status HandleFooter(std::span<const std::byte> payload);
  absl::Status EndStamps();
  absl::Status ReadKeys(uint32_t table, std::span<const std::byte> bytes);
  bool MayHold(uint32_t table, uint64_t key) const;

  SnapshotSink* const sink_;
  absl::Status status_;  // The first error.
  Expect expect_ = Expect::kHeader;
  SnapshotHeader header_;
  uint32_t version_ = 0;
  std::vector<uint64_t> salts_;  // By table.
  uint32_t tables_missing_ = 0;
  uint32_t row_words_most_ = 0;
  // By table: what is to be kept; then, which tables' retention is still missing.
  std::vector<RetentionRules> rules_;
  std::vector<uint32_t> retention_missing_;  // The last one comes first.
  // Of the sketch of the retention that was read last: its table, the pieces to come, and the least
  // offset that they may have.
  uint32_t sketch_table_ = 0, pieces_missing_ = 0;
  uint64_t sketch_offset_ = 0;
  SnapshotStamps stamps_;
  uint32_t streams_missing_ = 0, ahead_missing_ = 0;
  uint32_t block_ = 0;   // Complete blocks so far.
  uint64_t offset_ = 0;  // Of the block in the making.
  uint32_t crc_ = 0;     // Of all bytes before it.
  uint64_t rows_ = 0, erased_ = 0;
  uint64_t sparse_rows_ = 0;
  ModelDigest digest_;
  std::vector<std::byte> buffer_;  // The block in the making.
  std::vector<uint64_t> keys_;     // Scratch.
  std::vector<float> row_;         // Scratch.
};

}  // namespace cairn
