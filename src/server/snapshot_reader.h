// A partition's snapshot from disk, increments included, told as the state that it leads to: for
// tools, which want every row once, and only rows of files that are whole.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "server/snapshot.h"
#include "wire/message.h"

namespace cairn {

// `row` lives for the call: counts, weights, state, as a TableSchema lays it out. An error ends the
// reading.
using SavedRowSink =
    std::function<absl::Status(uint32_t table, uint64_t key, std::span<const float> row)>;

// Where a row has its place among those of its table: ids of sparse rows, numbers of blocks.
uint64_t PlaceOf(const TableSpec& spec, uint64_t key);

// Reads twice: Open proves that the files are whole and notes what changes, ForEachRow tells the
// rows. So nothing of a damaged file is ever told, and memory holds one block and the changes: all
// increments, and of the first file its tail (what changed while it was written: nothing, in a
// model that was saved at the end of its job).
//
// Not thread-safe. Errors name the file, and of damage the byte: kDataLoss; kNotFound and the like
// come from the file system.
class SnapshotReader {
 public:
  // `files` outlives the reader. `parts`, at least one, are of one partition: all rows, then the
  // increments.
  static absl::StatusOr<SnapshotReader> Open(FileSystem* files, std::vector<InitFile> parts);

  const SnapshotHeader& header() const { return header_; }  // Of the last part.
  uint64_t rows() const { return rows_; }                   // Of sparse tables, by the last footer.
  // Of the rows: by the footer, or, if there are increments, by the rows.
  const ModelDigest& digest() const { return digest_; }

  // Ascending by table, and in a table by PlaceOf: each key once, as it was at the end. Fails, at
  // the end, if the rows are not those that digest() is of or not as many as rows(), or with the
  // sink's error.
  absl::Status ForEachRow(const SavedRowSink& sink) const;

 private:
  class Scout;
  class Teller;
  // By table and PlaceOf: the key and its last row, or that it is gone.
  struct Change {
    uint64_t key = 0;
    std::optional<std::vector<float>> row;
  };
  using Changes = std::map<std::pair<uint32_t, uint64_t>, Change>;

  explicit SnapshotReader(FileSystem* files) : files_(files) {}
  absl::Status Scan(const InitFile& part);
  absl::Status Tell(Teller* teller) const;

  FileSystem* files_;
  InitFile first_;
  SnapshotHeader header_;
  uint64_t rows_ = 0;
  ModelDigest digest_;
  uint64_t body_rows_ = 0;  // Of the first part: what comes after these is its tail.
  Changes changes_;
};

// Reads no further than the header: cheap, and proves nothing of the rest.
absl::StatusOr<SnapshotHeader> ReadSnapshotHeader(FileSystem* files, const std::string& path);

}  // namespace cairn
