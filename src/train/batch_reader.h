// Batches of rows by number: the data path's first stage.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/chunks.h"
#include "train/data_source.h"
#include "train/label_rule.h"
#include "train/row_batch.h"
#include "train/row_parser.h"

namespace cairn {

// Reads and parses any batch of any epoch: the same rows for the same definition, wherever and
// whenever it is done. Cheap to make; not thread-safe: each thread has its own over one DataSource.
//
// Errors of the reads: DataSource's; kInvalidArgument "path:line:column: what" for a row that
// cannot be parsed, unless the options skip it. The batch's content is then unspecified.
class BatchReader {
 public:
  struct Options {
    LabelKind labels = LabelKind::kAny;
    // A bad row is left out and counted in RowBatch::bad_rows; no other row moves to another batch
    // because of it. Whether there are too many is for CheckBadRowShare.
    bool skip_bad_rows = false;
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

 private:
  BatchReader(const DataSource* source, const DataDefinition& definition, RowParser parser,
              bool skip_bad_rows);
  absl::Status ReadRanges(const std::vector<TextRange>& ranges, RowBatch* rows);

  const DataSource* const source_;
  const BatchPlan plan_;
  const bool skip_bad_rows_;
  RowParser parser_;
  std::string buffer_;  // Text of plain files.
};

// "path:line:column: what" for a bad row of `lines`, which are of this file; "path: image N: what"
// for images.
absl::Status BadRowError(const DataSource& source, uint32_t file, const Lines& lines,
                         const BadRow& bad_row);

}  // namespace cairn
