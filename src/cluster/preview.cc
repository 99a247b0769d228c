// PreviewTraining: what a training would be, without training.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/status.h"
#include "cairn/train.h"
#include "cluster/cluster_run.h"
#include "cluster/train_notes.h"
#include "cluster/train_plan.h"
#include "coordinator/manifest.h"
#include "server/row_table.h"
#include "server/table_schema.h"
#include "train/batch_reader.h"
#include "train/feature_estimate.h"
#include "train/program.h"

namespace cairn {
namespace {

// Enough to tell how fast new features come; read in a moment.
constexpr size_t kSampledFeatures = size_t{1} << 18;
constexpr uint64_t kSampledBatchesMax = 256;

// The features of the first batches of epoch 0: in random order, unless --order file.
absl::StatusOr<std::vector<Key>> SampleKeys(const TrainPlan& plan, const TrainProgram& program) {
  BatchReader::Options options;
  options.labels = LabelsOf(program.model);
  options.skip_bad_rows = program.bad_rows_share > 0;
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<BatchReader> reader,
                         BatchReader::Create(plan.train.get(), program.train, options));
  const uint64_t batches = std::min(reader->plan().batch_count(), kSampledBatchesMax);
  std::vector<Key> keys;
  RowBatch rows;
  for (uint64_t batch = 0; batch < batches && keys.size() < kSampledFeatures; ++batch) {
    CAIRN_RETURN_IF_ERROR(DataError(reader->Read(0, batch, &rows)));
    keys.insert(keys.end(), rows.keys.begin(), rows.keys.end());
  }
  return keys;
}

absl::StatusOr<TrainPreview::Table> PreviewTable(const JobSpec& job, uint32_t index,
                                                 double features) {
  CAIRN_ASSIGN_OR_RETURN(const std::shared_ptr<const TableSchema> schema,
                         TableSchema::Make(job, index, {}));
  const TableSpec& spec = schema->spec();
  const bool is_dense = spec.kind == TableSpec::Kind::kDense;
  TrainPreview::Table table;
  table.name = spec.name;
  table.kind = is_dense ? "dense" : "sparse";
  table.width = schema->width();
  table.row_bytes = is_dense ? uint64_t{schema->words()} * sizeof(float)
                             : RowTable::BytesPerRow(schema->stored_words());
  table.rows_estimate = is_dense ? static_cast<double>(spec.blocks()) : features;
  return table;
}

// Of the machine where the servers will be; 0: elsewhere.
double MemoryForModel(const TrainOptions& options) {
  if (options.cluster != "embedded" && options.cluster != "local") return 0;
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Whether a model could be saved there, without making anything. Of a cluster elsewhere, only that
// can tell.
absl::Status CheckSave(const TrainOptions& options) {
  namespace fs = std::filesystem;
  if (options.save_dir.empty() || (options.cluster != "embedded" && options.cluster != "local")) {
    return absl::OkStatus();
  }
  std::error_code ignored;  // What cannot be looked at is not there.
  fs::path at = fs::absolute(options.save_dir).lexically_normal();
  if (fs::exists(at / kManifestName, ignored)) {
    return FailedPrecondition("there is a model in ", options.save_dir,
                              " already: choose another directory, or remove that one");
  }
  while (!fs::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  std::string why;
  if (!fs::is_directory(at, ignored)) {
    why = "it is no directory";
  } else if (::access(at.c_str(), W_OK | X_OK) != 0) {
    why = std::generic_category().message(errno);
  }
  if (why.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kPermissionDenied, "no model can be saved in ",
                   options.save_dir, ": ", at.string(), ": ", why, "; choose another directory");
}

}  // namespace

absl::StatusOr<TrainPreview> PreviewTraining(const TrainOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckCluster(options.cluster));
  CAIRN_ASSIGN_OR_RETURN(const TrainPlan plan, MakeTrainPlan(options));
  CAIRN_RETURN_IF_ERROR(CheckSave(options));
  const JobSpec& job = plan.setup.job;
  CAIRN_ASSIGN_OR_RETURN(const TrainProgram program, DecodeProgram(job.program));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Key> keys, SampleKeys(plan, program));
  TrainPreview preview;
  preview.settings = plan.settings;
  preview.notes = plan.notes;
  preview.data = plan.data_description;
  if (plan.valid != nullptr) preview.valid_data = Describe(program.valid);
  preview.rows_estimate = plan.sample.rows_estimate;
  preview.features_per_row = plan.sample.features_per_row;
  preview.positive_share = plan.sample.positive_share;
  preview.mean_label = plan.sample.mean_label;
  preview.batches_per_epoch = program.schedule.batches_per_epoch;
  preview.features_estimate =
      EstimateDistinct(keys, preview.rows_estimate * preview.features_per_row);
  for (uint32_t index = 0; index < job.tables.size(); ++index) {
    CAIRN_ASSIGN_OR_RETURN(TrainPreview::Table table,
                           PreviewTable(job, index, preview.features_estimate));
    const double bytes = table.rows_estimate * static_cast<double>(table.row_bytes);
    const uint64_t budget = job.tables[index].retention.bytes_max;
    preview.model_bytes_estimate +=
        budget == 0 ? bytes : std::min(bytes, static_cast<double>(budget));
    preview.tables.push_back(std::move(table));
  }
  const double memory = MemoryForModel(options);
  std::string note = memory > 0 ? MemoryNote(preview.model_bytes_estimate, memory) : "";
  if (!note.empty()) preview.notes.push_back(std::move(note));
  return preview;
}

}  // namespace cairn
