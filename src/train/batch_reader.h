// Batches of rows by number: the data path's first stage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/chunks.h"
#include "train/data_source.h"
#include "train/label_rule.h"
#include "train/row_batch.h"
#include "train/row_cache.h"
#include "train/row_parser.h"

namespace cairn {

// Where a bad row lies.
struct BadRowPlace {
  uint32_t file = 0;
  uint64_t offset = 0;    // In the file's text, of what is wrong.
  bool is_image = false;  // Else a line.
  BadRow row;
};

// Reads and parses any batch of any epoch: the same rows for the same definition, wherever and
// whenever it is done. Cheap to make; not thread-safe: each thread has its own over one DataSource.
//
// Errors of the reads: DataSource's; kInvalidArgument "path:line:column: what", and that there is
// --max-bad-rows, for a row that cannot be parsed, unless the options skip it. The batch's content
// is then unspecified.
class BatchReader {
 public:
  struct Options {
    LabelKind labels = LabelKind::kAny;
    // A bad row is left out and counted in RowBatch::bad_rows; no other row moves to another batch
    // because of it. Whether there are too many is for CheckBadRowShare.
    bool skip_bad_rows = false;
    // Of rows with these labels. Must outlive the reader; null: all is parsed from the text.
    RowCache* cache = nullptr;
  };

  // `source` must outlive the reader. Fails as CheckDefinition, CheckSameData and RowParser do.
  static absl::StatusOr<std::unique_ptr<BatchReader>> Create(const DataSource* source,
                                                             const DataDefinition& definition,
                                                             const Options& options);

  const BatchPlan& plan() const { return plan_; }

  // Replaces the content of `rows`. CHECKs batch < plan().batch_count(); epochs count from 0. A
  // batch can be empty: where lines are longer than chunks, none may begin in it.
  absl::Status Read(uint64_t epoch, uint64_t batch, RowBatch* rows);

  // The same in the files' order, whatever the definition's: batches 0, 1, ... are the rows of all
  // files as they stand, for evaluation and prediction.
  absl::Status ReadInFileOrder(uint64_t batch, RowBatch* rows);

  // For each bad row of such a batch, in order, how many good rows of the batch are before it.
  // Parses all of the batch row by row.
  absl::StatusOr<std::vector<size_t>> FindBadRows(uint64_t batch);

  // The first one, in the files' order, of those that were skipped so far.
  const std::optional<BadRowPlace>& first_bad_row() const { return first_bad_row_; }

 private:
  BatchReader(const DataSource* source, const DataDefinition& definition, RowParser parser,
              const Options& options);
  absl::Status ReadCached(const std::vector<uint64_t>& chunks, RowBatch* rows);
  absl::Status ReadRange(const TextRange& range, RowBatch* rows);
  absl::StatusOr<Lines> LinesOf(const TextRange& range);

  const DataSource* const source_;
  const BatchPlan plan_;
  const bool skip_bad_rows_;
  RowCache* const cache_;
  RowParser parser_;
  std::optional<BadRowPlace> first_bad_row_;
  std::string buffer_;  // Text of plain files.
  std::string cached_;  // Rows of the cache.
  RowCache::Additions additions_;
};

// Of a row of `lines`, which are of this file.
BadRowPlace PlaceOf(uint32_t file, const Lines& lines, BadRow row);
bool IsBefore(const BadRowPlace& a, const BadRowPlace& b);

// "path:line:column: what"; "path: image N: what" for images.
absl::Status BadRowError(const DataSource& source, const BadRowPlace& place);

}  // namespace cairn
