#include "cluster/train_plan.h"

#include <algorithm>
#include <cmath>

#include "base/numbers.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/units.h"
#include "cluster/device_plan.h"
#include "cluster/effective_settings.h"
#include "cluster/field_plan.h"
#include "cluster/loss_plan.h"
#include "cluster/train_notes.h"
#include "cluster/vector_settings.h"
#include "cluster/warm_start.h"
#include "server/table_schema.h"
#include "sharding/consistency.h"
#include "sharding/plan_check.h"
#include "sharding/wire_values.h"
#include "train/data_sample.h"
#include "train/mlp_shape.h"
#include "train/model.h"
#include "train/program.h"
#include "train/row_cache.h"
#include "wire/limits.h"

namespace cairn {
namespace {

// doc/defaults.md; none of them depends on the cluster.
constexpr double kBatchRowsMin = 16;  // Or the model's most, if that is less.
constexpr double kBatchRowsMax = 4000;
constexpr double kBatchesPerEpoch = 256;  // Where that leaves batches within the bounds above.
constexpr double kBatchesOfMlp = 1024;    // Likewise.
constexpr uint32_t kStreams = 4;
constexpr double kManyRows = 500'000;
constexpr double kFewRows = 50'000;
constexpr uint64_t kEpochsManyRows = 6;
constexpr uint64_t kEpochs = 12;
constexpr uint64_t kEpochsFewRows = 30;
constexpr uint64_t kEpochsWarm = 3;   // From a saved model.
constexpr uint64_t kEpochsOfFfm = 8;  // wide_deep, deepfm too. More learn rows by heart.
constexpr uint64_t kEpochsOfFfmManyRows = 3;
constexpr uint64_t kEpochsOfMlp = 10;
constexpr uint64_t kEpochsOfMlpManyRows = 3;
constexpr double kLearningRate = 0.3;
constexpr double kLearningRateOfFfm = 0.2;
constexpr double kWarmupShare = 0.1;
constexpr double kBaseRateMin = 1e-4;  // Keeps the first bias finite.
constexpr uint64_t kLeaseBatchesMax = 32;
constexpr uint64_t kLeasesPerEpochMin = 16;

absl::Status CheckOptions(const TrainOptions& options) {
  if (options.train.empty()) return InvalidArgument("no training data: --train FILE...");
  if (options.mode.consistency == Consistency::kAsp && options.streams != 0) {
    return InvalidArgument("--streams is for bsp and ssp: with asp, streams come and go");
  }
  if (options.update == kSequentialUpdate && options.model != "lr") {
    return InvalidArgument("--update sequential is for --model lr, not for ", options.model);
  }
  CAIRN_RETURN_IF_ERROR(CheckVectorOptions(options));
  CAIRN_RETURN_IF_ERROR(CheckFieldOptions(options));
  if (!options.cache.empty()) {  // Else it is the workers' own business.
    CAIRN_RETURN_IF_ERROR(RowCache::Check({options.cache, options.cache_bytes_max}));
  }
  if (options.update == kSequentialUpdate && options.wire_values != WireValues::kF32) {
    return InvalidArgument("--wire-values ", FormatWireValues(options.wire_values),
                           " needs --update gradient: what workers learnt row by row is added "
                           "exactly");
  }
  CAIRN_RETURN_IF_ERROR(CheckInitAndSave(options.init_dir, options.save_dir));
  if (options.resume && options.checkpoint_dir.empty()) {
    return InvalidArgument(
        "--resume needs --checkpoint-dir, where there is something to go on "
        "from");
  }
  if (options.servers == 0) return InvalidArgument("--servers is 0: at least 1");
  CAIRN_RETURN_IF_ERROR(CheckServers(options.servers, options.partitions));
  if (options.workers == 0) return InvalidArgument("--workers is 0: at least 1");
  if (!options.hidden.empty() && !HasLayers(options.model)) {
    return InvalidArgument("--hidden needs --model mlp, wide_deep or deepfm: ", options.model,
                           " has no layers");
  }
  const bool needs_valid = options.target != 0 || options.patience != 0;
  const bool has_valid = !options.valid.empty() || options.valid_share != 0;
  if (needs_valid && !has_valid) {
    return InvalidArgument(
        "--target and --patience need validation data: --valid FILE..., or --valid-share 0.1");
  }
  if (!options.valid.empty() && options.valid_share != 0) {
    return InvalidArgument("--valid and --valid-share: take one of them");
  }
  if (!(options.valid_share == 0 || (options.valid_share >= 0.001 && options.valid_share <= 0.5))) {
    return InvalidArgument("--valid-share is ", options.valid_share, ": 0.001 to 0.5");
  }
  if (!(options.bad_rows_share >= 0 && options.bad_rows_share <= 1)) {
    return InvalidArgument("--max-bad-rows is ", options.bad_rows_share, ": 0 to 1");
  }
  return {};
}

struct OpenedData {
  std::shared_ptr<const DataSource> source;
  DataDefinition definition;
  DataSample sample;
};

absl::Status Define(const DefineOptions& define, OpenedData* data) {
  absl::StatusOr<DataDefinition> definition = DefineData(*data->source, define);
  // Options that do not fit the columns are no fault of the data.
  if (absl::IsFailedPrecondition(definition.status())) return definition.status();
  if (!definition.ok()) return DataError(definition.status());
  data->definition = *std::move(definition);
  absl::StatusOr<DataSample> sample = SampleData(*data->source, data->definition);
  if (!sample.ok()) return DataError(sample.status());
  data->sample = *std::move(sample);
  return {};
}

// define.batch_rows 0: as many as the number of rows suggests for so many batches, but at most
// `most`.
absl::StatusOr<OpenedData> OpenData(const std::vector<std::string>& files, DefineOptions define,
                                    double batches, double most) {
  absl::StatusOr<std::unique_ptr<DataSource>> source = DataSource::Open(files, {});
  if (!source.ok()) return DataError(source.status());
  OpenedData data;
  data.source = *std::move(source);
  const bool choose = define.batch_rows == 0;
  if (choose) define.batch_rows = static_cast<uint32_t>(kBatchRowsMax);
  CAIRN_RETURN_IF_ERROR(Define(define, &data));
  if (choose) {
    define.format = data.definition.format;
    define.read = data.definition.read;
    define.batch_rows = static_cast<uint32_t>(
        std::clamp(data.sample.rows_estimate / batches, std::min(kBatchRowsMin, most), most));
    CAIRN_RETURN_IF_ERROR(Define(define, &data));
  }
  return data;
}

ModelSettings SettingsFor(const TrainOptions& options, const ModelSettings& before,
                          const DataSample& sample) {
  ModelSettings settings;
  settings.model = options.model;
  settings.optimizer = options.optimizer.empty() ? "adagrad" : options.optimizer;
  const double rate = options.model == "ffm" ? kLearningRateOfFfm : kLearningRate;
  settings.learning_rate =
      static_cast<float>(options.learning_rate < 0 ? rate : options.learning_rate);
  settings.l1 = static_cast<float>(options.l1);
  settings.update = options.update;
  // Few rows say less, but where they are separable the prior must not be what ends the training.
  // The rows behind a saved model are not known, and count too.
  const bool warm = !options.init_dir.empty();
  const double share = warm ? 1 : std::min(1.0, sample.rows_estimate / kFewRows);
  const double prior = sample.features_per_row / 4 * share;
  settings.l2 = static_cast<float>(options.l2 < 0 ? prior : options.l2);
  SetVectors(options, before, sample.features_per_row * share, &settings);
  settings.retention = options.retention;
  settings.base_rate =
      static_cast<float>(std::clamp(sample.positive_share, kBaseRateMin, 1 - kBaseRateMin));
  return settings;
}

// What is learnt of the data, and how: `train` learns what its rows must be for it.
absl::StatusOr<ModelSettings> PlanModel(const TrainOptions& options, const TrainProgram& before,
                                        double batch_rows, OpenedData* train,
                                        std::vector<std::string>* notes) {
  ModelSettings model = SettingsFor(options, before.model, train->sample);
  CAIRN_RETURN_IF_ERROR(PlanLoss(options, train->sample, &model, &train->definition, notes));
  CAIRN_RETURN_IF_ERROR(
      PlanFields(options, before.train, *train->source, train->sample, &train->definition, notes));
  model.fields = train->definition.read.fields;
  if (HasLayers(options.model)) {
    CAIRN_RETURN_IF_ERROR(PlanNetwork(options, *train->source, train->sample, batch_rows, &model));
  }
  // The bias of such a model is kept as what was added to this start.
  if (before.model.update == kSequentialUpdate) model.base_rate = before.model.base_rate;
  if (model.loss == kSquaredLoss && before.model.loss == kSquaredLoss) {
    model.label_mean = before.model.label_mean;  // What its weights are relative to.
    model.label_scale = before.model.label_scale;
  }
  return model;
}

uint64_t DefaultEpochs(const TrainOptions& options, double rows) {
  const bool many = rows >= kManyRows;
  if (!options.init_dir.empty()) return kEpochsWarm;
  if (options.model == "mlp") return many ? kEpochsOfMlpManyRows : kEpochsOfMlp;
  if (HasFields(options.model)) return many ? kEpochsOfFfmManyRows : kEpochsOfFfm;
  if (rows < kFewRows) return kEpochsFewRows;
  return many ? kEpochsManyRows : kEpochs;
}

Schedule ScheduleFor(const TrainOptions& options, const DataSample& sample,
                     const DataDefinition& definition, uint32_t streams) {
  Schedule schedule;
  schedule.epochs =
      options.epochs != 0 ? options.epochs : DefaultEpochs(options, sample.rows_estimate);
  schedule.batches_per_epoch = BatchCount(definition);
  schedule.batches_max = options.steps_max;
  schedule.fixed_streams = streams;
  const double steps = static_cast<double>(BatchesInAll(schedule)) / std::max<uint32_t>(1, streams);
  const double warmup = HasVectors(options.model) ? VectorWarmupShare(steps) : kWarmupShare;
  schedule.warmup_share = options.constant_rate ? 0 : static_cast<float>(warmup);
  schedule.decay = !options.constant_rate;
  return schedule;
}

JobPlan PlanFor(const TrainOptions& options, const TrainProgram& program) {
  JobPlan plan;
  plan.servers = options.servers;
  plan.workers = options.workers;
  plan.schedule = program.schedule;
  plan.evaluation_batches = program.valid.files.empty() ? 0 : BatchCount(program.valid);
  plan.lease_batches = static_cast<uint32_t>(std::clamp<uint64_t>(
      plan.schedule.batches_per_epoch / kLeasesPerEpochMin, 1, kLeaseBatchesMax));
  plan.stop.max_seconds = options.seconds_max;
  plan.stop.target = options.target;
  plan.stop.patience = options.patience;
  plan.stop.min_delta = options.min_delta;
  plan.stop.relative_change = options.relative_change;
  plan.want_digest = true;
  plan.save_dir = options.save_dir;
  plan.checkpoints = CheckpointsOf(options);
  return plan;
}

// define.batch_rows for validation data: the scores of a batch are one message.
uint32_t ValidBatch(uint32_t batch_rows, const ModelSettings& model) {
  const uint32_t most = limits::kEvaluationScoresMax / 2 / std::max(1u, model.classes);
  if (batch_rows == 0) return most < kBatchRowsMax ? most : 0;
  return std::min(batch_rows, most);
}

// One in so many chunks is about this share.
uint32_t HeldOutOf(double share) {
  return share == 0 ? 0 : static_cast<uint32_t>(std::lround(1 / share));
}

// What is held out of the training data, in batches of which the scores are one message.
absl::StatusOr<DataDefinition> HoldOut(const OpenedData& train, const ModelSettings& model) {
  DataDefinition valid = train.definition;
  valid.part = DataPart::kHeldOut;
  const double most = ValidBatch(static_cast<uint32_t>(kBatchRowsMax), model);
  const double chunks = most / std::max(1.0, train.sample.rows_per_chunk);
  valid.chunks_per_batch = std::max(1u, static_cast<uint32_t>(chunks));
  if (ChunkCount(valid) > 0) return valid;
  return InvalidArgument("--valid-share: too few rows to hold 1 of ", valid.held_out_of,
                         " pieces out; name files with --valid");
}

// Whatever is scored after each epoch; `define` is that of the training data.
absl::Status PlanValid(const TrainOptions& options, const std::vector<std::string>& files,
                       const OpenedData& train, DefineOptions define, TrainProgram* program,
                       TrainPlan* plan) {
  if (options.valid_share != 0) {
    CAIRN_ASSIGN_OR_RETURN(program->valid, HoldOut(train, program->model));
    plan->valid = train.source;
  }
  if (files.empty()) return {};
  define.format = train.definition.format;
  define.read = train.definition.read;
  define.batch_rows = ValidBatch(define.batch_rows, program->model);
  CAIRN_ASSIGN_OR_RETURN(const OpenedData valid,
                         OpenData(files, define, kBatchesPerEpoch, kBatchRowsMax));
  CAIRN_RETURN_IF_ERROR(DataError(CheckInputs(program->model, *valid.source)));
  program->valid = valid.definition;
  program->valid.read.label.classes = program->model.classes;
  plan->valid = valid.source;
  return {};
}

// A job that goes on from a model and does not say how its data is to be read.
void ReadAsModelDid(const DataDefinition& model, DefineOptions* define,
                    std::vector<std::string>* notes) {
  const std::string options = ReadingOptions(model.read);
  if (options.empty() || define->format.value_or(model.format) != model.format) return;
  define->format = model.format;
  define->read = model.read;
  define->read.fields = 0;  // PlanFields compares those of the data.
  define->read.field_starts.clear();
  notes->push_back("the data is read as the model's was: " + options);
}

// Likewise, and does not say what is to be learnt of labels.
void LearnAsModelDid(const ModelSettings& model, TrainOptions* options) {
  if (options->model != model.model || options->loss != "auto") return;
  if (options->models.contains(options->model)) return;  // It has its own loss.
  options->loss = model.loss;
  if (options->classes == 0) options->classes = model.classes;
}

void AddNotes(const TrainOptions& options, const DataSample& sample, uint32_t streams,
              double batch_rows, std::vector<std::string>* notes) {
  for (std::string& note : NotesBefore(options, sample)) notes->push_back(std::move(note));
  for (const std::string& note : {OvershootNote(options, streams, batch_rows),
                                  RowsAtOnceNote(options, streams, batch_rows)}) {
    if (!note.empty()) notes->push_back(note);
  }
}

// What is learnt row by row is not to be learnt twice, from equal copies; and networks lose quality
// by steps from old weights (doc/networks.md).
uint32_t StepsUnderWay(const TrainOptions& options, const ModelSettings& model, double batch_rows) {
  if (model.update == kSequentialUpdate || HasLayers(model.model)) return 1;
  return StepsAtOnce(options, batch_rows);
}

// The job that carries the program out: its tables, and what to start from.
absl::Status DefineJob(const TrainOptions& options, const TrainProgram& program, JobSpec* job,
                       std::vector<std::string>* notes) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model,
                         MakeModel(program.model, options.models));
  job->name = options.job.empty() ? options.model : options.job;
  job->seed = options.seed;
  job->partitions = options.partitions;
  job->tables = model->tables();
  job->init_dir = options.init_dir;
  CAIRN_ASSIGN_OR_RETURN(job->program, EncodeProgram(program));
  CAIRN_RETURN_IF_ERROR(CheckJob(*job));
  for (uint32_t table = 0; table < job->tables.size(); ++table) {
    CAIRN_RETURN_IF_ERROR(TableSchema::Make(*job, table, {}).status());
  }
  if (!job->init_dir.empty()) {
    PosixFileSystem files;
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> more, CheckInit(&files, *job));
    notes->insert(notes->end(), more.begin(), more.end());
  }
  return {};
}

}  // namespace

CheckpointPlan CheckpointsOf(const TrainOptions& options) {
  if (options.checkpoint_dir.empty()) return {};
  return {options.checkpoint_dir, options.checkpoint_seconds, options.checkpoints_kept,
          options.checkpoint_full_every, options.resume};
}

absl::StatusOr<TrainPlan> MakeTrainPlan(const TrainOptions& given, const SpoolProgress& spooling) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(given));
  CAIRN_ASSIGN_OR_RETURN(const DevicePlan device, PlanDevice(given));
  TrainOptions options = given;
  DefineOptions define;
  CAIRN_ASSIGN_OR_RETURN(define.format, ParseFormat(options.format));
  CAIRN_ASSIGN_OR_RETURN(define.read, ParseRowOptions(options.read));
  define.batch_rows = options.batch_rows;
  define.seed = options.seed;
  define.order = options.shuffle ? DataOrder::kShuffled : DataOrder::kFile;
  define.held_out_of = HeldOutOf(options.valid_share);
  TrainPlan plan;
  plan.device = device.device;
  if (!device.note.empty()) plan.notes.push_back(device.note);
  TrainProgram before;  // Of the model to start from.
  if (!options.init_dir.empty()) {
    PosixFileSystem files;
    CAIRN_ASSIGN_OR_RETURN(before, ProgramOfModel(&files, options.init_dir));
    if (options.read == RowOptions{}) ReadAsModelDid(before.train, &define, &plan.notes);
    LearnAsModelDid(before.model, &options);
  }
  plan.paths = std::make_unique<DataPaths>(DataPaths::Options{.progress = spooling});
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> train_files,
                         plan.paths->Expand(options.train));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> valid_files,
                         plan.paths->Expand(options.valid));
  JobSpec& job = plan.setup.job;
  job.mode = options.mode;
  job.wire_values = options.wire_values;
  const bool fixed = job.mode.consistency != Consistency::kAsp;
  if (fixed) job.streams = options.streams == 0 ? kStreams : options.streams;
  const uint32_t streams = fixed ? job.streams : 0;
  const double most = HasVectors(options.model) ? VectorBatchRowsMax(streams) : kBatchRowsMax;
  const double batches = options.model == "mlp" ? kBatchesOfMlp : kBatchesPerEpoch;
  CAIRN_ASSIGN_OR_RETURN(OpenedData train, OpenData(train_files, define, batches, most));
  TrainProgram program;
  const double batch_rows = train.sample.rows_per_chunk * train.definition.chunks_per_batch;
  CAIRN_ASSIGN_OR_RETURN(program.model,
                         PlanModel(options, before, batch_rows, &train, &plan.notes));
  CAIRN_ASSIGN_OR_RETURN(plan.stop_metric, StopMetricOf(options, program.model));
  program.train = train.definition;
  program.schedule = ScheduleFor(options, train.sample, train.definition, streams);
  program.bad_rows_share = options.bad_rows_share;
  program.steps_at_once = StepsUnderWay(options, program.model, batch_rows);
  program.device = device.pinned;
  plan.train = train.source;
  CAIRN_RETURN_IF_ERROR(PlanValid(options, valid_files, train, define, &program, &plan));
  CAIRN_RETURN_IF_ERROR(DefineJob(options, program, &job, &plan.notes));
  plan.setup.plan = PlanFor(options, program);
  plan.setup.plan.stop.metric = MetricOf(plan.stop_metric);
  plan.setup.times.form_timeout = absl::ToInt64Microseconds(options.form_timeout);
  TrainOptions effective = options;
  effective.stop_metric = plan.stop_metric;
  effective.device = plan.device;
  plan.settings = EffectiveSettings(effective, program, job, batch_rows);
  plan.loss = program.model.loss;
  plan.data_description = Describe(train.definition);
  plan.sample = train.sample;
  AddNotes(options, plan.sample, job.streams, batch_rows, &plan.notes);
  return plan;
}

}  // namespace cairn
