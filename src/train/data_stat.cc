#include "train/data_stat.h"

#include <algorithm>
#include <bitset>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/status.h"
#include "train/batch_reader.h"
#include "train/column_parser.h"
#include "train/column_plan.h"
#include "train/data_paths.h"
#include "train/data_sample.h"
#include "train/distinct_counter.h"
#include "train/row_parser.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kBatchRows = 4096;
constexpr size_t kExactKeysMax = size_t{1} << 20;
constexpr std::chrono::milliseconds kTellEvery{200};

// Sums up rows, batch after batch.
class Summary {
 public:
  void Add(const RowBatch& rows) {
    for (size_t row = 0; row < rows.rows(); ++row) {
      AddLabel(rows.labels[row]);
      const uint64_t features = rows.offsets[row + 1] - rows.offsets[row];
      features_min_ = std::min(features_min_, features);
      features_max_ = std::max(features_max_, features);
    }
    rows_ += rows.rows();
    features_ += rows.features();
    for (const Key key : rows.keys) keys_.Add(key);
    for (const uint16_t field : rows.fields) fields_.set(field);
    values_not_one_ += static_cast<uint64_t>(std::count_if(rows.values.begin(), rows.values.end(),
                                                           [](float value) { return value != 1; }));
  }

  // Without rows, the figures of a row are 0.
  void Store(DataStat* stat) const {
    stat->rows = rows_;
    stat->labels.classes = classes_;
    if (rows_ > 0) {
      stat->labels.min = label_min_;
      stat->labels.max = label_max_;
      stat->labels.mean = label_sum_ / static_cast<double>(rows_);
      stat->features_min = features_min_;
    }
    stat->features_max = features_max_;
    stat->features = features_;
    stat->keys = {keys_.count(), keys_.exact()};
    stat->fields = fields_.count();
    stat->values_not_one = values_not_one_;
  }

 private:
  void AddLabel(float label) {
    label_min_ = std::min(label_min_, static_cast<double>(label));
    label_max_ = std::max(label_max_, static_cast<double>(label));
    label_sum_ += label;
    if (!are_classes_) return;
    ++classes_[label];
    if (classes_.size() <= DataStat::kClassesMax) return;
    are_classes_ = false;
    classes_.clear();
  }

  uint64_t rows_ = 0;
  double label_min_ = std::numeric_limits<double>::infinity();
  double label_max_ = -std::numeric_limits<double>::infinity();
  double label_sum_ = 0;
  bool are_classes_ = true;
  std::map<float, uint64_t> classes_;
  uint64_t features_min_ = std::numeric_limits<uint64_t>::max();
  uint64_t features_max_ = 0;
  uint64_t features_ = 0;
  DistinctCounter keys_{kExactKeysMax};
  std::bitset<size_t{1} << 16> fields_;
  uint64_t values_not_one_ = 0;
};

const std::vector<std::string>& ColumnsOf(const DataDefinition& definition) {
  const ReadSpec& read = definition.read;
  if (definition.format == DataFormat::kCriteo) return CriteoColumns();
  return read.file_columns.empty() ? read.columns : read.file_columns;
}

// The cells as they stand, beside the rows that are made of them.
class ColumnSummary {
 public:
  // `source` must outlive it. Without columns, there is nothing to sum up.
  static absl::StatusOr<std::unique_ptr<ColumnSummary>> Create(const DataSource* source,
                                                               const DataDefinition& definition) {
    CAIRN_ASSIGN_OR_RETURN(RowParser parser, RowParser::Create(definition.format, definition.read,
                                                               LabelKind::kIgnored));
    return std::unique_ptr<ColumnSummary>(new ColumnSummary(source, definition, std::move(parser)));
  }

  absl::Status Add(uint64_t batch) {
    if (columns_.empty()) return absl::OkStatus();
    for (const TextRange& range : plan_.BatchInFileOrder(batch)) {
      CAIRN_ASSIGN_OR_RETURN(Lines lines, ReadLines(*source_, range, &buffer_));
      if (range.begin == 0) parser_.SkipStart(&lines);
      for (std::string_view text = lines.text; !text.empty();) {
        const std::string_view line = text.substr(0, text.find('\n'));
        AddLine(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
      }
    }
    return absl::OkStatus();
  }

  void Store(DataStat* stat) const {
    for (const ColumnCounter& column : columns_) stat->columns.push_back(column.Stat());
  }

 private:
  ColumnSummary(const DataSource* source, const DataDefinition& definition, RowParser parser)
      : source_(source),
        plan_(definition),
        parser_(std::move(parser)),
        splitter_(definition.format == DataFormat::kCriteo ? '\t' : definition.read.delimiter,
                  definition.format == DataFormat::kCsv) {
    if (!HasColumns(definition.format)) return;
    for (const std::string& name : ColumnsOf(definition)) columns_.emplace_back(name);
  }

  void AddLine(std::string_view line) {
    const char* bad_at = nullptr;
    if (line.empty() || splitter_.Split(line, &bad_at) != nullptr) return;
    const std::vector<CellSplitter::Cell>& cells = splitter_.cells();
    if (cells.size() != columns_.size()) return;
    for (size_t i = 0; i < cells.size(); ++i) {
      columns_[i].Add(cells[i].text, IsMissingNumber(cells[i].text));
    }
  }

  const DataSource* const source_;
  const BatchPlan plan_;
  const RowParser parser_;
  CellSplitter splitter_;
  std::vector<ColumnCounter> columns_;
  std::string buffer_;
};

// Reads all batches in the files' order.
absl::Status ReadAll(const DataSource& source, const DataDefinition& definition,
                     const std::function<bool(double)>& progress, DataStat* stat) {
  const LabelKind labels = stat->has_labels ? LabelKind::kAny : LabelKind::kIgnored;
  CAIRN_ASSIGN_OR_RETURN(const auto reader,
                         BatchReader::Create(&source, definition, {labels, true}));
  CAIRN_ASSIGN_OR_RETURN(const auto columns, ColumnSummary::Create(&source, definition));
  const uint64_t batches = reader->plan().batch_count();
  const auto summary = std::make_unique<Summary>();
  RowBatch rows;
  Clock::time_point next_tell = Clock::now() + kTellEvery;
  for (uint64_t batch = 0; batch < batches; ++batch) {
    CAIRN_RETURN_IF_ERROR(reader->ReadInFileOrder(batch, &rows));
    stat->bad_rows += rows.bad_rows;
    summary->Add(rows);
    CAIRN_RETURN_IF_ERROR(columns->Add(batch));
    if (!progress || (Clock::now() < next_tell && batch + 1 < batches)) continue;
    if (!progress(static_cast<double>(batch + 1) / static_cast<double>(batches))) {
      return MakeError(absl::StatusCode::kCancelled, "interrupted");
    }
    next_tell = Clock::now() + kTellEvery;
  }
  if (reader->first_bad_row()) {
    stat->first_bad_row = std::string(MessageOf(BadRowError(source, *reader->first_bad_row())));
  }
  summary->Store(stat);
  if (!stat->has_labels) stat->labels = {std::nan(""), std::nan(""), std::nan(""), {}};
  columns->Store(stat);
  return absl::OkStatus();
}

// A first look at csv needs no label.
absl::StatusOr<DataDefinition> Define(const DataSource& source, DefineOptions define) {
  absl::StatusOr<DataDefinition> definition = DefineData(source, define);
  const bool may_lack_name = define.read.label.column.empty() && define.read.weight.empty();
  if (!absl::IsFailedPrecondition(definition.status()) || !may_lack_name) return definition;
  define.labels = LabelNeed::kOptional;
  return DefineData(source, define);
}

}  // namespace

absl::StatusOr<DataStat> StatData(const DataStatOptions& options) {
  DataPaths::Options expansion;
  if (options.progress) expansion.progress = [&](uint64_t) { return options.progress(0); };
  DataPaths paths(std::move(expansion));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> files, paths.Expand(options.paths));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<DataSource> source, DataSource::Open(files, {}));
  DefineOptions define;
  define.format = options.format;
  define.read = options.read;
  define.batch_rows = kBatchRows;
  define.order = DataOrder::kFile;
  CAIRN_ASSIGN_OR_RETURN(const DataDefinition definition, Define(*source, define));
  DataStat stat;
  stat.has_labels = definition.format != DataFormat::kCsv || !definition.read.label.column.empty();
  stat.format = definition.format;
  for (size_t i = 0; i < files.size(); ++i) {
    stat.files.push_back({source->name(i), source->storage(i), source->files()[i].bytes});
  }
  CAIRN_RETURN_IF_ERROR(ReadAll(*source, definition, options.progress, &stat));
  if (stat.rows == 0) {
    return InvalidArgument(stat.first_bad_row.empty() ? source->name(0) + ": no rows in the data"
                                                      : stat.first_bad_row);
  }
  return stat;
}

}  // namespace cairn
