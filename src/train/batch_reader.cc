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
      new BatchReader(source, definition, std::move(parser), options));
}

BatchReader::BatchReader(const DataSource* source, const DataDefinition& definition,
                         RowParser parser, const Options& options)
    : source_(source),
      plan_(definition),
      skip_bad_rows_(options.skip_bad_rows),
      cache_(options.cache),
      parser_(std::move(parser)) {}

absl::Status BatchReader::Read(uint64_t epoch, uint64_t batch, RowBatch* rows) {
  rows->Clear();
  if (cache_ != nullptr) return ReadCached(plan_.Chunks(epoch, batch), rows);
  for (const TextRange& range : plan_.Batch(epoch, batch)) {
    CAIRN_RETURN_IF_ERROR(ReadRange(range, rows));
  }
  return absl::OkStatus();
}

absl::Status BatchReader::ReadInFileOrder(uint64_t batch, RowBatch* rows) {
  rows->Clear();
  if (cache_ != nullptr) return ReadCached(plan_.ChunksInFileOrder(batch), rows);
  for (const TextRange& range : plan_.BatchInFileOrder(batch)) {
    CAIRN_RETURN_IF_ERROR(ReadRange(range, rows));
  }
  return absl::OkStatus();
}

absl::Status BatchReader::ReadCached(const std::vector<uint64_t>& chunks, RowBatch* rows) {
  additions_.Clear();
  for (const uint64_t chunk : chunks) {
    CAIRN_ASSIGN_OR_RETURN(const bool cached, cache_->Get(chunk, &cached_, rows));
    if (cached) continue;
    const size_t rows_before = rows->rows();
    const uint64_t bad_before = rows->bad_rows;
    CAIRN_RETURN_IF_ERROR(ReadRange(plan_.Chunk(chunk), rows));
    if (rows->bad_rows == bad_before) {
      additions_.Add(chunk, *rows, rows_before);
    } else {
      additions_.AddTextOnly(chunk);
    }
  }
  cache_->Keep(additions_);
  return absl::OkStatus();
}

absl::Status BatchReader::ReadRange(const TextRange& range, RowBatch* rows) {
  CAIRN_ASSIGN_OR_RETURN(const Lines lines, LinesOf(range));
  // Chunks are small, but the last line of each may be as long as kLineBytesMax.
  const size_t feature_bytes_min = lines.row_bytes != 0 ? 1 : kFeatureBytesMin;
  const size_t features_max = rows->features() + lines.text.size() / feature_bytes_min + 1;
  if (features_max > std::numeric_limits<uint32_t>::max()) {
    return MakeError(absl::StatusCode::kResourceExhausted, source_->name(range.file),
                     ": a batch of more than 2^32 features; take smaller batches");
  }
  ParseResult result = parser_.Parse(lines, rows);
  if (!result.first_bad_row) return absl::OkStatus();
  BadRowPlace place = PlaceOf(range.file, lines, *std::move(result.first_bad_row));
  if (!skip_bad_rows_) {
    const absl::Status error = BadRowError(*source_, place);
    return MakeError(error.code(), MessageOf(error), "; --max-bad-rows SHARE leaves such rows out");
  }
  if (!first_bad_row_ || IsBefore(place, *first_bad_row_)) first_bad_row_ = std::move(place);
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
