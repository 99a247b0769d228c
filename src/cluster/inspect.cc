// Inspect and FindKey: statistics of a saved model, and single rows of it.
#include "cairn/inspect.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/suggest.h"
#include "cluster/effective_settings.h"
#include "cluster/saved_model.h"
#include "server/table_schema.h"
#include "sharding/placement.h"
#include "train/feature_key.h"
#include "train/model.h"
#include "train/program.h"
#include "train/sequential_regression.h"

namespace cairn {
namespace {

// Takes rows of a model's files apart. The floats of a row are its weights, unless workers learnt
// the model row by row: then they are what one weight follows from.
class RowReader {
 public:
  explicit RowReader(const SavedModel& model) {
    const absl::StatusOr<TrainProgram> program = DecodeProgram(model.manifest().program);
    if (!program.ok() || program->model.update != kSequentialUpdate) return;
    const auto trained = MakeModel(program->model);
    if (!trained.ok() || (*trained)->tables() != model.header().tables) return;
    linear_ = *SequentialLinearOf(program->model);
  }

  // The weights of a row; `scratch` is where they are if they do not stand there as such.
  std::span<const float> WeightsOf(const TableSpec& spec, std::span<const float> row,
                                   float* scratch) const {
    const std::span<const float> floats = row.subspan(kRowCountWords, spec.width());
    if (!linear_) return floats;
    if (spec.kind == TableSpec::Kind::kDense) {
      *scratch = linear_->BiasOf(floats);
    } else {
      linear_->WeightsOf(floats, {scratch, 1});
    }
    return {scratch, 1};
  }

  SavedRow Read(const SnapshotHeader& header, uint32_t table, uint64_t key,
                std::span<const float> row) const {
    SavedRow saved;
    saved.key = key;
    saved.partition = header.partition;
    saved.seen = CountOf(row.data()).seen();
    float scratch = 0;
    const auto weights = WeightsOf(header.tables[table], row, &scratch);
    saved.weights.assign(weights.begin(), weights.end());
    row = row.subspan(kRowCountWords + (linear_ ? 0 : header.tables[table].width()));
    if (linear_) {
      saved.state.emplace_back(row.begin(), row.end());
      return saved;
    }
    for (const uint32_t floats : header.state_floats[table]) {
      saved.state.emplace_back(row.begin(), row.begin() + floats);
      row = row.subspan(floats);
    }
    return saved;
  }

 private:
  std::optional<SequentialLinear> linear_;
};

// The rows of largest norm so far: a heap whose front is the one to go next.
class Heaviest {
 public:
  explicit Heaviest(uint32_t most) : most_(most) {}

  template <typename Make>
  void Offer(double norm, uint64_t key, const Make& make) {
    const auto heavier = [](const Entry& a, const Entry& b) {
      return a.norm != b.norm ? a.norm > b.norm : a.row.key < b.row.key;
    };
    if (most_ == 0 || std::isnan(norm)) return;
    if (rows_.size() == most_) {
      const Entry& last = rows_.front();
      if (norm < last.norm || (norm == last.norm && key > last.row.key)) return;
      std::pop_heap(rows_.begin(), rows_.end(), heavier);
      rows_.pop_back();
    }
    rows_.push_back({norm, make()});
    std::push_heap(rows_.begin(), rows_.end(), heavier);
  }

  std::vector<SavedRow> Take() {
    std::sort(rows_.begin(), rows_.end(), [](const Entry& a, const Entry& b) {
      return a.norm != b.norm ? a.norm > b.norm : a.row.key < b.row.key;
    });
    std::vector<SavedRow> rows;
    for (Entry& entry : rows_) rows.push_back(std::move(entry.row));
    return rows;
  }

 private:
  struct Entry {
    double norm;
    SavedRow row;
  };

  uint32_t most_;
  std::vector<Entry> rows_;
};

// What one table's rows add up to.
class TableCounter {
 public:
  // `reader` outlives the counter.
  TableCounter(const RowReader* reader, const SnapshotHeader& header, uint32_t table, uint32_t top)
      : reader_(*reader), table_(table), heaviest_(top) {
    report_.spec = header.tables[table];
    report_.state_floats = header.state_floats[table];
    report_.row_bytes = sizeof(uint64_t) + header.RowWords(table) * sizeof(float);
    report_.partition_rows_min = std::numeric_limits<uint64_t>::max();
    report_.min = std::numeric_limits<double>::infinity();
    report_.max = -report_.min;
  }

  void Add(const SnapshotHeader& header, uint64_t key, std::span<const float> row) {
    ++partition_rows_;
    const uint32_t seen = CountOf(row.data()).seen();
    ++report_.seen[static_cast<size_t>(std::bit_width(seen))];
    report_.seen_sum += seen;
    double squares = 0;
    float scratch = 0;
    for (const float weight : reader_.WeightsOf(report_.spec, row, &scratch)) {
      squares += double{weight} * weight;
      AddWeight(weight);
    }
    heaviest_.Offer(std::sqrt(squares), key,
                    [&] { return reader_.Read(header, table_, key, row); });
  }

  void EndPartition() {
    report_.rows += partition_rows_;
    report_.partition_rows_min = std::min(report_.partition_rows_min, partition_rows_);
    report_.partition_rows_max = std::max(report_.partition_rows_max, partition_rows_);
    partition_rows_ = 0;
  }

  TableReport Finish() {
    const uint64_t finite = report_.weights - report_.not_finite;
    report_.mean = sum_ / static_cast<double>(finite);  // NaN without any.
    report_.norm = finite == 0 ? std::nan("") : std::sqrt(squares_);
    if (finite == 0) report_.min = report_.max = std::nan("");
    report_.heaviest = heaviest_.Take();
    return std::move(report_);
  }

 private:
  void AddWeight(float weight) {
    ++report_.weights;
    if (weight == 0) ++report_.zeros;
    if (!std::isfinite(weight)) {
      ++report_.not_finite;
      return;
    }
    const double wide = weight;
    report_.min = std::min(report_.min, wide);
    report_.max = std::max(report_.max, wide);
    sum_ += wide;
    squares_ += wide * wide;
  }

  const RowReader& reader_;
  const uint32_t table_;
  TableReport report_;
  Heaviest heaviest_;
  uint64_t partition_rows_ = 0;
  double sum_ = 0, squares_ = 0;
};

// Positions of the tables that are asked for.
absl::StatusOr<std::vector<uint32_t>> ChosenTables(const SnapshotHeader& header,
                                                   const std::string& name) {
  std::vector<uint32_t> chosen;
  std::vector<std::string> known;
  for (uint32_t table = 0; table < header.tables.size(); ++table) {
    known.push_back(header.tables[table].name);
    if (name.empty() || name == known.back()) chosen.push_back(table);
  }
  if (!chosen.empty()) return chosen;
  std::string list;
  for (const std::string& table : known) list += (list.empty() ? "" : ", ") + table;
  return InvalidArgument("the model has no table \"", name, "\"; it has: ", list);
}

void DescribeModel(const SavedModel& model, const ModelDigest& digest, ModelReport* report) {
  const Manifest& manifest = model.manifest();
  report->job = manifest.job;
  report->seed = model.header().seed;
  report->partitions = model.partitions();
  report->digest = DigestHex(digest);
  report->file_bytes_min = std::numeric_limits<uint64_t>::max();
  for (const Manifest::File& file : manifest.files) {
    report->file_bytes += file.bytes;
    report->file_bytes_min = std::min(report->file_bytes_min, file.bytes);
    report->file_bytes_max = std::max(report->file_bytes_max, file.bytes);
  }
  // Programs of others are none of ours: a model that `cairn train` did not make has no settings.
  const absl::StatusOr<TrainProgram> program = DecodeProgram(manifest.program);
  if (!program.ok()) return;
  report->model = program->model.model;
  report->settings = SettingsOf(*program);
}

}  // namespace

absl::StatusOr<ModelReport> Inspect(const InspectOptions& options) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(&files, options.model_dir));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<uint32_t> chosen,
                         ChosenTables(model.header(), options.table));
  const RowReader rows(model);
  std::vector<TableCounter> counters;
  for (uint32_t table = 0; table < model.header().tables.size(); ++table) {
    counters.emplace_back(&rows, model.header(), table, options.top);
  }
  ModelDigest digest;
  for (uint32_t partition = 0; partition < model.partitions(); ++partition) {
    CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, model.OpenPartition(partition));
    CAIRN_RETURN_IF_ERROR(
        reader.ForEachRow([&](uint32_t table, uint64_t key, std::span<const float> row) {
          counters[table].Add(reader.header(), key, row);
          return absl::Status();
        }));
    digest += reader.digest();
    for (TableCounter& counter : counters) counter.EndPartition();
  }
  CAIRN_RETURN_IF_ERROR(model.CheckDigest(digest));
  ModelReport report;
  DescribeModel(model, digest, &report);
  for (const uint32_t table : chosen) report.tables.push_back(counters[table].Finish());
  return report;
}

absl::StatusOr<Key> KeyOfFeature(const std::string& model_dir, std::string_view feature) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(&files, model_dir));
  CAIRN_ASSIGN_OR_RETURN(const TrainProgram program, DecodeProgram(model.manifest().program));
  return KeyOfFeature(program.train, feature);
}

absl::StatusOr<std::vector<KeyReport>> FindKey(const InspectOptions& options, Key key) {
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(&files, options.model_dir));
  const SnapshotHeader& header = model.header();
  CAIRN_ASSIGN_OR_RETURN(const std::vector<uint32_t> chosen, ChosenTables(header, options.table));
  const RowReader rows(model);
  std::vector<KeyReport> reports;
  for (const uint32_t table : chosen) {
    const TableSpec& spec = header.tables[table];
    const uint64_t salt = TableSalt(spec.name);
    const bool sparse = spec.kind == TableSpec::Kind::kSparse;
    if (!sparse && key >= spec.blocks()) continue;
    KeyReport report;
    report.table = spec.name;
    report.partition = sparse ? PartitionOfSparseId(SparseId(key, salt), model.partitions())
                              : PartitionOfBlock(key, salt, model.partitions());
    CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, model.OpenPartition(report.partition));
    CAIRN_RETURN_IF_ERROR(
        reader.ForEachRow([&](uint32_t in, uint64_t other, std::span<const float> row) {
          if (in == table && other == key) {
            report.rows.push_back(rows.Read(reader.header(), table, key, row));
          }
          return absl::Status();
        }));
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace cairn
