#include "train/batch_reader.h"

#include <algorithm>
#include <limits>
#include <tuple>
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
    CAIRN_ASSIGN_OR_RETURN(const Lines lines, LinesOf(range));
    // Chunks are small, but the last line of each may be as long as kLineBytesMax.
    const size_t feature_bytes_min = lines.row_bytes != 0 ? 1 : kFeatureBytesMin;
    const size_t features_max = rows->features() + lines.text.size() / feature_bytes_min + 1;
    if (features_max > std::numeric_limits<uint32_t>::max()) {
      return MakeError(absl::StatusCode::kResourceExhausted, source_->name(range.file),
                       ": a batch of more than 2^32 features; take smaller batches");
    }
    ParseResult result = parser_.Parse(lines, rows);
    if (!result.first_bad_row) continue;
    BadRowPlace place = PlaceOf(range.file, lines, *std::move(result.first_bad_row));
    if (!skip_bad_rows_) {
      const absl::Status error = BadRowError(*source_, place);
      return MakeError(error.code(), MessageOf(error),
                       "; --max-bad-rows SHARE leaves such rows out");
    }
    if (!first_bad_row_ || IsBefore(place, *first_bad_row_)) first_bad_row_ = std::move(place);
  }
  return absl::OkStatus();
}

absl::StatusOr<Lines> BatchReader::LinesOf(const TextRange& range) {
  CAIRN_ASSIGN_OR_RETURN(Lines lines, ReadLines(*source_, range, &buffer_));
  if (range.begin == 0) parser_.SkipStart(&lines);
  return lines;
}

absl::StatusOr<std::vector<size_t>> BatchReader::FindBadRows(uint64_t batch) {
  std::vector<size_t> rows_before;
  size_t good = 0;
  RowBatch row;
  for (const TextRange& range : plan_.BatchInFileOrder(batch)) {
    CAIRN_ASSIGN_OR_RETURN(Lines rest, LinesOf(range));
    while (!rest.text.empty()) {
      const size_t bytes = rest.row_bytes != 0
                               ? rest.row_bytes
                               : std::min(rest.text.find('\n'), rest.text.size() - 1) + 1;
      row.Clear();
      parser_.Parse({rest.text.substr(0, bytes), rest.offset, rest.row_bytes}, &row);
      good += row.rows();
      if (row.bad_rows > 0) rows_before.push_back(good);
      rest.text.remove_prefix(bytes);
      rest.offset += bytes;
    }
  }
  return rows_before;
}

BadRowPlace PlaceOf(uint32_t file, const Lines& lines, BadRow row) {
  return {file, lines.offset + row.offset, lines.row_bytes != 0, std::move(row)};
}

bool IsBefore(const BadRowPlace& a, const BadRowPlace& b) {
  return std::tie(a.file, a.offset) < std::tie(b.file, b.offset);
}

absl::Status BadRowError(const DataSource& source, const BadRowPlace& place) {
  const std::string& name = source.name(place.file);
  CAIRN_ASSIGN_OR_RETURN(const uint64_t line, source.LineNumber(place.file, place.offset));
  if (place.is_image) return InvalidArgument(name, ": image ", line, ": ", place.row.what);
  return InvalidArgument(name, ":", line, ":", place.row.column, ": ", place.row.what);
}

}  // namespace cairn
