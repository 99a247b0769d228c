#include "train/batch_reader.h"

#include <limits>

#include "base/status.h"
#include "train/idx_rows.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<BatchReader>> BatchReader::Create(const DataSource* source,
                                                                 const DataDefinition& definition,
                                                                 const Options& options) {
  CAIRN_RETURN_IF_ERROR(CheckDefinition(definition));
  CAIRN_RETURN_IF_ERROR(CheckSameData(definition, *source));
  return std::unique_ptr<BatchReader>(new BatchReader(source, definition, options));
}

BatchReader::BatchReader(const DataSource* source, const DataDefinition& definition,
                         const Options& options)
    : source_(source), plan_(definition), options_(options) {}

absl::Status BatchReader::Read(uint64_t epoch, uint64_t batch, RowBatch* rows) {
  return ReadRanges(plan_.Batch(epoch, batch), rows);
}

absl::Status BatchReader::ReadInFileOrder(uint64_t batch, RowBatch* rows) {
  return ReadRanges(plan_.BatchInFileOrder(batch), rows);
}

absl::Status BatchReader::ReadRanges(const std::vector<TextRange>& ranges, RowBatch* rows) {
  const ParseOptions parse{plan_.definition().format, options_.labels};
  rows->Clear();
  for (const TextRange& range : ranges) {
    CAIRN_ASSIGN_OR_RETURN(const Lines lines, ReadLines(*source_, range, &buffer_));
    // Chunks are small, but the last line of each may be as long as kLineBytesMax.
    const size_t feature_bytes_min = lines.row_bytes != 0 ? 1 : kFeatureBytesMin;
    const size_t features_max = rows->features() + lines.text.size() / feature_bytes_min + 1;
    if (features_max > std::numeric_limits<uint32_t>::max()) {
      return MakeError(absl::StatusCode::kResourceExhausted, source_->name(range.file),
                       ": a batch of more than 2^32 features; take smaller batches");
    }
    const ParseResult result = ParseRows(parse, lines, rows);
    if (result.first_bad_row && !options_.skip_bad_rows) {
      return BadRowError(*source_, range.file, lines, *result.first_bad_row);
    }
  }
  return absl::OkStatus();
}

ParseResult ParseRows(const ParseOptions& options, const Lines& lines, RowBatch* rows) {
  if (lines.row_bytes == 0) return ParseLines(options, lines.text, rows);
  return ParseIdxRows(options.labels, lines.row_bytes, lines.text, rows);
}

absl::Status BadRowError(const DataSource& source, uint32_t file, const Lines& lines,
                         const BadRow& bad_row) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t line,
                         source.LineNumber(file, lines.offset + bad_row.offset));
  if (lines.row_bytes != 0) {
    return InvalidArgument(source.name(file), ": image ", line, ": ", bad_row.what);
  }
  return InvalidArgument(source.name(file), ":", line, ":", bad_row.column, ": ", bad_row.what);
}

}  // namespace cairn
