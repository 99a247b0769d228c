#include "train/data_sample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "base/units.h"
#include "train/batch_reader.h"
#include "train/data_columns.h"
#include "train/row_parser.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr uint64_t kFirstBytes = uint64_t{64} << 10;  // For telling the format.
constexpr uint64_t kPieces = 16;                      // For the length of lines.
constexpr uint64_t kPieceBytes = uint64_t{64} << 10;
// Shuffling blocks of 64 rows trains as well as shuffling rows, and costs almost nothing.
constexpr uint32_t kChunkLines = 64;

constexpr uint64_t kSampleChunksMin = 64;
constexpr uint64_t kSampleBytes = uint64_t{256} << 10;  // More chunks where they are small.
constexpr uint64_t kSampleSeed = 0x5A3D1E;  // Not the job's: other seeds, same defaults.

// A NUL byte is never text, and what is not text has one soon.
absl::Status CheckText(const std::string& name, uint64_t offset, std::string_view text) {
  const size_t at = text.find('\0');
  if (at == text.npos) return absl::OkStatus();
  return InvalidArgument(name, ": is not text: a zero byte at offset ", HumanCount(offset + at),
                         "; name files of text, plain or compressed by gzip or zstd, or of idx "
                         "images");
}

// Looks at pieces from all over the files: lines tend to grow with the ids in them, and ids are
// often numbered by first appearance, so a file's beginning would give too little.
absl::StatusOr<double> MeanLineBytes(const DataSource& source) {
  if (source.row_bytes(0) != 0) return static_cast<double>(source.row_bytes(0));
  uint64_t all_bytes = 0;
  for (const DataFile& file : source.files()) all_bytes += file.bytes;
  const uint64_t step = std::max(all_bytes / kPieces, kPieceBytes);
  uint64_t bytes = 0;
  uint64_t newlines = 0;
  uint64_t file_begin = 0;
  uint64_t at = 0;  // In all files' text, put together.
  std::string buffer;
  for (size_t file = 0; file < source.files().size(); ++file) {
    const uint64_t file_end = file_begin + source.files()[file].bytes;
    for (; at < file_end; at += step) {
      CAIRN_ASSIGN_OR_RETURN(const std::string_view text,
                             source.Read(file, at - file_begin, kPieceBytes, &buffer));
      CAIRN_RETURN_IF_ERROR(CheckText(source.name(file), at - file_begin, text));
      bytes += text.size();
      newlines += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    }
    file_begin = file_end;
  }
  return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(newlines, 1));
}

// The power of two that is nearest, by ratio, to the bytes of so many lines.
uint32_t ChunkBytes(double line_bytes, uint32_t lines) {
  const double bytes = std::clamp<double>(line_bytes * lines, kChunkBytesMin, kChunkBytesMax);
  return 1u << std::lround(std::log2(bytes));
}

// What the labels of a sample say.
void SummarizeLabels(const RowBatch& rows, DataSample* sample) {
  double weights = 0;
  double positive = 0;
  double sum = 0;
  double squares = 0;
  bool classes = true;
  bool zero_one = true;
  bool plus_minus = true;
  bool one_class = rows.rows() > 0;
  for (size_t row = 0; row < rows.rows(); ++row) {
    const float label = rows.labels[row];
    const double weight = rows.weight(row);
    weights += weight;
    positive += label > 0 ? weight : 0;
    sum += weight * label;
    squares += weight * label * label;
    classes = classes && label >= 0 && label < limits::kClassesMax && label == std::floor(label);
    sample->largest_label = row == 0 ? label : std::max(sample->largest_label, label);
    zero_one = zero_one && (label == 0 || label == 1);
    plus_minus = plus_minus && (label == -1 || label == 1);
    one_class = one_class && label == rows.labels[0];
  }
  if (weights > 0) {
    sample->positive_share = positive / weights;
    const double mean = sum / weights;
    sample->mean_label = mean;
    sample->label_deviation = std::sqrt(std::max(0.0, squares / weights - mean * mean));
  }
  sample->labels_are_classes = classes;
  sample->labels_are_binary = zero_one || plus_minus;
  if (one_class) sample->only_label = rows.labels[0];
}

uint64_t SampledChunks(const BatchPlan& plan) {
  return std::min(plan.chunk_count(),
                  std::max(kSampleChunksMin, kSampleBytes / plan.definition().chunk_bytes));
}

void FindLargeNumbers(const ReadSpec& read, const RowBatch& rows, DataSample* sample) {
  if (rows.values.empty()) return;
  for (const std::string& column : read.numeric) {
    const Key key = ReduceKey(HashString(column), read.hash_bits);
    float largest = 0;
    for (size_t i = 0; i < rows.features(); ++i) {
      if (rows.keys[i] == key) largest = std::max(largest, std::fabs(rows.values[i]));
    }
    if (largest <= DataSample::kNumberMax) continue;
    ++sample->large_columns;
    if (largest <= sample->largest_value) continue;
    sample->largest_column = column;
    sample->largest_value = largest;
  }
}

}  // namespace

absl::StatusOr<DataFormat> TellFormat(const DataSource& source, char delimiter) {
  if (source.row_bytes(0) != 0) return DataFormat::kIdx;
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view text, source.Read(0, 0, kFirstBytes, &buffer));
  CAIRN_RETURN_IF_ERROR(CheckText(source.name(0), 0, text));
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    return InvalidArgument(source.name(0), ": holds only empty lines",
                           text.size() < source.files()[0].bytes ? " at its beginning" : "");
  }
  const absl::StatusOr<DataFormat> format = DetectFormat(text, delimiter);
  if (!format.ok()) return Annotate(format.status(), source.name(0));
  return format;
}

absl::StatusOr<DataDefinition> DefineData(const DataSource& source, const DefineOptions& options) {
  if (options.batch_rows < 1) return InvalidArgument("a batch needs at least one row");
  DataDefinition definition;
  definition.files = source.files();
  definition.seed = options.seed;
  definition.order = options.order;
  definition.held_out_of = options.held_out_of;
  if (options.held_out_of > 0) definition.part = DataPart::kLearnt;
  if (options.format) {
    definition.format = *options.format;
  } else {
    CAIRN_ASSIGN_OR_RETURN(definition.format, TellFormat(source, options.read.delimiter));
  }
  CAIRN_RETURN_IF_ERROR(CheckFormat(source, definition.format));
  definition.read = options.read;
  CAIRN_RETURN_IF_ERROR(
      ResolveColumns(source, definition.format, options.labels, &definition.read));
  CAIRN_ASSIGN_OR_RETURN(const double line_bytes, MeanLineBytes(source));
  definition.chunk_bytes = ChunkBytes(line_bytes, std::min(options.batch_rows, kChunkLines));
  const double rows_per_chunk = definition.chunk_bytes / line_bytes;
  const double chunks = std::max(1.0, std::round(options.batch_rows / rows_per_chunk));
  const uint64_t chunks_most = kBatchBytesMax / definition.chunk_bytes;
  if (chunks > static_cast<double>(chunks_most)) {
    return InvalidArgument("a batch of ", options.batch_rows, " rows is too large: at most about ",
                           static_cast<uint64_t>(chunks_most * rows_per_chunk), " of these rows");
  }
  definition.chunks_per_batch = static_cast<uint32_t>(chunks);
  CAIRN_RETURN_IF_ERROR(CheckDefinition(definition));
  return definition;
}

absl::StatusOr<RowBatch> SampleRows(const DataSource& source, const DataDefinition& definition) {
  CAIRN_RETURN_IF_ERROR(CheckDefinition(definition));
  CAIRN_RETURN_IF_ERROR(CheckSameData(definition, source));
  const BatchPlan plan(definition);
  const ChunkOrder order(plan.chunk_count(), kSampleSeed, 0);
  CAIRN_ASSIGN_OR_RETURN(RowParser parser,
                         RowParser::Create(definition.format, definition.read, LabelKind::kAny));
  RowBatch rows;
  std::string buffer;
  absl::Status first_error = InvalidArgument(source.name(0), ": no rows in the data");
  bool all_good = true;
  for (uint64_t i = 0; i < SampledChunks(plan); ++i) {
    const TextRange range = plan.Chunk(order.Permute(i));
    CAIRN_ASSIGN_OR_RETURN(Lines lines, ReadLines(source, range, &buffer));
    if (range.begin == 0) parser.SkipStart(&lines);
    ParseResult result = parser.Parse(lines, &rows);
    if (!result.first_bad_row || !all_good) continue;
    all_good = false;
    first_error = BadRowError(source, PlaceOf(range.file, lines, *std::move(result.first_bad_row)));
  }
  if (rows.rows() == 0) return first_error;
  return rows;
}

absl::StatusOr<DataSample> SampleData(const DataSource& source, const DataDefinition& definition) {
  CAIRN_ASSIGN_OR_RETURN(const RowBatch rows, SampleRows(source, definition));
  const BatchPlan plan(definition);
  DataSample sample;
  sample.rows = rows.rows();
  const auto count = static_cast<double>(rows.rows());
  sample.features_per_row = static_cast<double>(rows.features()) / count;
  sample.rows_per_chunk = count / static_cast<double>(SampledChunks(plan));
  sample.rows_estimate = sample.rows_per_chunk * static_cast<double>(plan.chunk_count());
  double squares = static_cast<double>(rows.features());
  if (!rows.values.empty()) {
    squares = 0;
    for (const float value : rows.values) squares += double{value} * value;
  }
  sample.squares_per_row = squares / count;
  SummarizeLabels(rows, &sample);
  FindLargeNumbers(definition.read, rows, &sample);
  if (!rows.fields.empty()) {
    sample.fields = 1u + *std::max_element(rows.fields.begin(), rows.fields.end());
  }
  return sample;
}

}  // namespace cairn
