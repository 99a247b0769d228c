// Evaluate and Predict: a cluster in this process that has loaded the model, and a reader of it.
#include <chrono>
#include <deque>
#include <limits>
#include <utility>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "cairn/train.h"
#include "cluster/embedded.h"
#include "cluster/train_plan.h"
#include "coordinator/evaluation.h"
#include "kernels/losses.h"
#include "kernels/portable_math.h"
#include "train/batch_reader.h"
#include "train/data_paths.h"
#include "train/data_sample.h"
#include "train/label_rule.h"
#include "train/mlp_shape.h"
#include "train/model.h"
#include "train/parsers.h"
#include "train/program.h"
#include "worker/client_shell.h"

namespace cairn {
namespace {

constexpr uint32_t kBatchRows = 4096;
constexpr size_t kBatchesInFlight = 4;

// A saved model in memory, and the data that it is to score.
class Scorer {
 public:
  enum class Labels : uint8_t { kWanted, kIgnored };  // kIgnored: the data may lack them.
  static absl::StatusOr<std::unique_ptr<Scorer>> Make(const ScoreOptions& options, Labels wanted) {
    auto scorer = std::unique_ptr<Scorer>(new Scorer(options));
    CAIRN_ASSIGN_OR_RETURN(const Manifest manifest,
                           ReadManifest(&scorer->files_, options.model_dir));
    CAIRN_ASSIGN_OR_RETURN(const TrainProgram program, DecodeProgram(manifest.program));
    CAIRN_RETURN_IF_ERROR(scorer->CheckModel(program.model.model));
    const bool ignored = wanted == Labels::kIgnored;
    const LabelKind labels = ignored ? LabelKind::kIgnored : LabelsOf(program.model);
    CAIRN_RETURN_IF_ERROR(scorer->OpenData(program.train, labels));
    CAIRN_RETURN_IF_ERROR(DataError(CheckInputs(program.model, *scorer->source_)));
    CAIRN_RETURN_IF_ERROR(scorer->LoadModel(manifest, program));
    return scorer;
  }

  const ModelSettings& settings() const { return settings_; }
  const Model& model() const { return *model_; }

  uint64_t rows() const { return rows_; }
  uint64_t bad_rows() const { return bad_rows_; }
  // "path:line:column: what"; "": there is none.
  std::string FirstBadRow() const {
    const std::optional<BadRowPlace>& place = reader_->first_bad_row();
    return place ? std::string(MessageOf(BadRowError(*source_, *place))) : "";
  }
  absl::Status NoRows() const {
    const std::string first = FirstBadRow();
    return NotFound(first.empty() ? source_->name(0) + ": no rows in the data" : first);
  }

  struct Scored {
    const std::vector<float>& scores;
    const RowBatch& rows;
    const std::vector<size_t>& good_before;  // BatchReader::FindBadRows.
  };
  // Calls `sink` with each batch, in the order of the data.
  using Sink = std::function<absl::Status(const Scored& batch)>;
  absl::Status Run(const Sink& sink) {
    std::deque<InFlight> window;
    for (uint64_t batch = 0; batch < reader_->plan().batch_count(); ++batch) {
      if (window.size() == kBatchesInFlight) {
        CAIRN_RETURN_IF_ERROR(Finish(&window.front(), sink));
        window.pop_front();
      }
      CAIRN_RETURN_IF_ERROR(Start(batch, &window));
    }
    for (InFlight& in_flight : window) CAIRN_RETURN_IF_ERROR(Finish(&in_flight, sink));
    return DataError(CheckBadRowShare({rows_, bad_rows_, options_.bad_rows_share}));
  }

 private:
  struct InFlight {
    std::unique_ptr<PreparedBatch> batch;
    std::unique_ptr<std::vector<std::vector<float>>> values;
    Pending pending;
    std::vector<size_t> good_before;
  };

  explicit Scorer(const ScoreOptions& options) : options_(options) {}

  absl::Status CheckModel(const std::string& model) const {
    if (IsKnown(model, options_.models)) return {};
    return FailedPrecondition("the model in ", options_.model_dir, " is \"", model,
                              "\", which a program has brought itself (cairn/model.h): only a "
                              "program that has it can score with it");
  }

  // Rows are made of text as they were for training.
  absl::Status OpenData(const DataDefinition& training, LabelKind labels) {
    DefineOptions define;
    define.batch_rows = kBatchRows;
    define.order = DataOrder::kFile;
    define.read = training.read;
    if (labels == LabelKind::kIgnored) define.labels = LabelNeed::kOptional;
    CAIRN_ASSIGN_OR_RETURN(define.format, FormatToScore(training));
    DataPaths paths({});  // What is opened stays open without it.
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> files, paths.Expand(options_.data));
    absl::StatusOr<std::unique_ptr<DataSource>> source = DataSource::Open(files, {});
    if (!source.ok()) return DataError(source.status());
    source_ = *std::move(source);
    if (!define.format) {
      CAIRN_ASSIGN_OR_RETURN(define.format, FormatOfRows(training));
    }
    absl::StatusOr<DataDefinition> definition = DefineData(*source_, define);
    if (!definition.ok()) return DataError(definition.status());
    absl::StatusOr<std::unique_ptr<BatchReader>> reader =
        BatchReader::Create(source_.get(), *definition, {labels, options_.bad_rows_share > 0});
    if (!reader.ok()) return DataError(reader.status());
    reader_ = *std::move(reader);
    return {};
  }

  // libsvm and libffm say the same to a model that has no use for fields; keys of columns come from
  // their format alone.
  absl::StatusOr<std::optional<DataFormat>> FormatToScore(const DataDefinition& training) const {
    CAIRN_ASSIGN_OR_RETURN(std::optional<DataFormat> format, ParseFormat(options_.format));
    const bool fixed =
        HasColumns(training.format) || !training.read.crosses.empty() || training.read.fields != 0;
    if (!format && fixed) return training.format;
    if (!format || *format == training.format) return format;
    if (!fixed && !HasColumns(*format)) return format;
    return InvalidArgument("--format ", FormatName(*format), ": the model was trained on ",
                           FormatName(training.format), ", whose features are others");
  }

  // For a model whose rows have no columns.
  absl::StatusOr<DataFormat> FormatOfRows(const DataDefinition& training) const {
    const absl::StatusOr<DataFormat> format = TellFormat(*source_, training.read.delimiter);
    if (!format.ok()) return DataError(format.status());
    if (!HasColumns(*format)) return *format;
    return DataError(InvalidArgument(source_->name(0), ": is ", FormatName(*format),
                                     ", but the model was trained on ",
                                     FormatName(training.format)));
  }

  absl::Status LoadModel(const Manifest& manifest, const TrainProgram& program) {
    settings_ = program.model;
    settings_.gemm = kAnyGemm;  // What training was pinned to, scoring is not.
    CAIRN_ASSIGN_OR_RETURN(model_, MakeModel(settings_, options_.models));
    CoordinatorSetup setup;
    setup.job.name = "score";
    setup.job.partitions = manifest.partitions();
    setup.job.tables = model_->tables();
    setup.job.init_dir = options_.model_dir;
    cutter_ = std::make_unique<KeyCutter>(setup.job.partitions);
    CAIRN_ASSIGN_OR_RETURN(cluster_, EmbeddedCluster::Start(std::move(setup), {}, &files_));
    Client::Options client;
    client.coordinator = cluster_->coordinator().address();
    client.read_only = true;
    client.deadline = absl::Hours(24);  // The first read waits for the model to be loaded.
    absl::StatusOr<std::unique_ptr<ShellClient>> joined =
        JoinClient(client, cluster_->transport_maker());
    if (!joined.ok()) return CauseOf(joined.status());
    client_ = *std::move(joined);
    return {};
  }

  // If the job has failed, its own words are the cause of what failed here.
  absl::Status CauseOf(const absl::Status& status) {
    const bool over = cluster_->coordinator().WaitFor(std::chrono::milliseconds(1000));
    const absl::Status end = over ? StatusOf(cluster_->coordinator().Wait()) : absl::Status();
    return end.ok() ? status : end;
  }

  absl::Status Start(uint64_t batch, std::deque<InFlight>* window) {
    RowBatch rows;
    const absl::Status read = reader_->ReadInFileOrder(batch, &rows);
    if (!read.ok()) return DataError(read);
    std::vector<size_t> good_before;
    if (rows.bad_rows > 0) {
      CAIRN_ASSIGN_OR_RETURN(good_before, reader_->FindBadRows(batch));
    }
    rows_ += rows.rows();
    bad_rows_ += rows.bad_rows;
    auto prepared = model_->Prepare(std::move(rows), cutter_.get());
    auto values = std::make_unique<std::vector<std::vector<float>>>();
    Pending pending = client_->ReadPayload(prepared->pull(), values.get());
    window->push_back(
        {std::move(prepared), std::move(values), std::move(pending), std::move(good_before)});
    return {};
  }

  absl::Status Finish(InFlight* in_flight, const Sink& sink) {
    const absl::Status status = in_flight->pending.Wait();
    if (!status.ok()) return CauseOf(status);
    const std::vector<float> scores = model_->Score(*in_flight->batch, *in_flight->values);
    return sink({scores, model_->Rows(*in_flight->batch), in_flight->good_before});
  }

  const ScoreOptions options_;
  PosixFileSystem files_;
  std::unique_ptr<DataSource> source_;
  std::unique_ptr<BatchReader> reader_;
  std::unique_ptr<Model> model_;
  ModelSettings settings_;
  std::unique_ptr<KeyCutter> cutter_;
  std::unique_ptr<EmbeddedCluster> cluster_;
  std::unique_ptr<ShellClient> client_;
  uint64_t rows_ = 0;
  uint64_t bad_rows_ = 0;
};

// Scores of one row become what is predicted.
void MakePrediction(ScoreKind kind, std::span<float> scores) {
  if (kind == ScoreKind::kClasses) Softmax(scores, scores);
  if (kind == ScoreKind::kMargin) scores[0] = Sigmoid(scores[0]);
}

}  // namespace

absl::StatusOr<EvalReport> Evaluate(const ScoreOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Scorer> scorer,
                         Scorer::Make(options, Scorer::Labels::kWanted));
  std::vector<float> scores;
  RowBatch all;
  ScoreKind kind = ScoreKind::kMargin;
  CAIRN_RETURN_IF_ERROR(scorer->Run([&](const Scorer::Scored& batch) {
    const RowBatch& rows = batch.rows;
    const ScoredRows scored = scorer->model().ForEvaluation(rows, batch.scores);
    kind = scored.kind;
    scores.insert(scores.end(), scored.scores.begin(), scored.scores.end());
    for (size_t row = 0; row < rows.rows(); ++row) all.AddRow(scored.labels[row], rows.weight(row));
    return absl::Status();
  }));
  if (scorer->rows() == 0) return scorer->NoRows();
  const Evaluation::Metrics metrics = MetricsOf(kind, scores, all.labels, all.weights);
  EvalReport report;
  report.model = scorer->settings().model;
  report.rows = metrics.rows;
  report.bad_rows = scorer->bad_rows();
  report.first_bad_row = scorer->FirstBadRow();
  report.loss = scorer->settings().loss;
  report.logloss = metrics.logloss;
  report.auc = metrics.auc;
  report.accuracy = metrics.accuracy;
  report.baseline_loss = metrics.baseline_loss;
  report.baseline_accuracy = metrics.baseline_accuracy;
  report.calibration = metrics.calibration;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

absl::StatusOr<PredictReport> Predict(
    const ScoreOptions& options,
    const std::function<absl::Status(std::span<const float> prediction)>& sink) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Scorer> scorer,
                         Scorer::Make(options, Scorer::Labels::kIgnored));
  const ScoreKind kind = scorer->model().score_kind();
  const size_t width = scorer->model().scores_per_row();
  const std::vector<float> nothing(width, std::numeric_limits<float>::quiet_NaN());
  CAIRN_RETURN_IF_ERROR(scorer->Run([&](const Scorer::Scored& batch) {
    std::vector<float> scores = batch.scores;
    const size_t rows = batch.rows.rows();
    size_t bad = 0;
    for (size_t row = 0; row <= rows; ++row) {
      for (; bad < batch.good_before.size() && batch.good_before[bad] == row; ++bad) {
        CAIRN_RETURN_IF_ERROR(sink(nothing));
      }
      if (row == rows) break;
      const std::span<float> own = std::span(scores).subspan(row * width, width);
      MakePrediction(kind, own);
      CAIRN_RETURN_IF_ERROR(sink(own));
    }
    return absl::Status();
  }));
  return PredictReport{scorer->rows() + scorer->bad_rows(), scorer->bad_rows(),
                       scorer->FirstBadRow()};
}

}  // namespace cairn
