#include "train/batch_reader.h"

#include <limits>
#include <utility>

#include "base/status.h"
#include "train/parsers.h"

namespace cairn {

absl::StatusOr<std::unique_ptr<BatchReader>> BatchReader::Create(const DataSource* source,
                                                                 const DataDefinition& definition,
                                                                 const Options& options) {
  CAIRN_RETURN_IF_ERROR(CheckDefinition(definition));
  CAIRN_RETURN_IF_ERROR(CheckSameData(definition, *source));
  CAIRN_ASSIGN_OR_RETURN(RowParser parser,
                         RowParser::Create(definition.format, definition.read, options.labels));
  return std::unique_ptr<BatchReader>(
      new BatchReader(source, definition, std::move(parser), options.skip_bad_rows));
}

BatchReader::BatchReader(const DataSource* source, const DataDefinition& definition,
                         RowParser parser, bool skip_bad_rows)
    : source_(source),
      plan_(definition),
      skip_bad_rows_(skip_bad_rows),
      parser_(std::move(parser)) {}

absl::Status BatchReader::Read(uint64_t epoch, uint64_t batch, RowBatch* rows) {
  return ReadRanges(plan_.Batch(epoch, batch), rows);
}

absl::Status BatchReader::ReadInFileOrder(uint64_t batch, RowBatch* rows) {
  return ReadRanges(plan_.BatchInFileOrder(batch), rows);
}

absl::Status BatchReader::ReadRanges(const std::vector<TextRange>& ranges, RowBatch* rows) {
  rows->Clear();
  for (const TextRange& range : ranges) {
    CAIRN_ASSIGN_OR_RETURN(Lines lines, ReadLines(*source_, range, &buffer_));
    if (range.begin == 0) parser_.SkipStart(&lines);
    // Chunks are small, but the last line of each may be as long as kLineBytesMax.
    const size_t feature_bytes_min = lines.row_bytes != 0 ? 1 : kFeatureBytesMin;
    const size_t features_max = rows->features() + lines.text.size() / feature_bytes_min + 1;
    if (features_max > std::numeric_limits<uint32_t>::max()) {
      return MakeError(absl::StatusCode::kResourceExhausted, source_->name(range.file),
                       ": a batch of more than 2^32 features; take smaller batches");
    }
    const ParseResult result = parser_.Parse(lines, rows);
    if (result.first_bad_row && !skip_bad_rows_) {
      return BadRowError(*source_, range.file, lines, *result.first_bad_row);
    }
  }
  return absl::OkStatus();
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
