// Training, evaluation and prediction as library calls: what the program `cairn` does, without the
// command line.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cairn/model.h"
#include "cairn/table.h"
#include "cairn/types.h"

namespace cairn {

// How rows are made of text, beyond its format. The syntax of each text is the command line's
// (doc/data.md). A saved model keeps these: whoever scores with it reads data in the same way.
struct RowOptions {
  std::string columns;              // "a,b,c": csv without a header line.
  std::string delimiter;            // csv: one character, or "tab"; "": a comma.
  std::string label;                // A column, or a comparison: "delay>15", ">4".
  std::string weight;               // A column; "": every row weighs 1.
  std::string numeric;              // "a,b": columns that are numbers instead of categories.
  std::string ignore;               // "a,b": columns that are no features.
  std::vector<std::string> multi;   // "tags:|": a cell holds several values.
  std::vector<std::string> derive;  // "hour=hour(time)", "bin=log(distance,4)"
  std::vector<std::string> cross;   // "a*b": a feature for each pair of values.
  uint32_t hash_bits = 0;           // Keys of so many bits, 1 .. 63; 0: whole.

  bool operator==(const RowOptions&) const = default;
};

// Settings of a training job. Those that are 0, empty or negative where that means nothing take
// their defaults from the model and from a fixed sample of the data (doc/defaults.md), never from
// the number of workers or servers.
struct TrainOptions {
  // "lr": logistic regression, or linear with squared loss; "fm": a factorization machine; "ffm": a
  // field-aware one; "mlp": layers of units with ReLU; "wide_deep", "deepfm": such layers on the
  // features' vectors, beside an "lr" or an "fm"; "count": counts features; or one of
  // `models`, which gets `model_options`, a line of text, too.
  std::string model = "lr";
  CustomModels models = {};  // Your own: cairn/model.h.
  std::string model_options;
  // Files, plain or compressed by gzip or zstd; directories (the files in them), patterns
  // ("part-*.gz"), pipes, and "-" for standard input. What comes from the last two is copied to a
  // file in $TMPDIR first, which goes with this process.
  std::vector<std::string> train;
  std::vector<std::string> valid;  // Scored after every epoch; may be empty.
  // About this share of the training rows, pieces from all over the files, is not learnt but scored
  // instead: 0.001 .. 0.5; 0: none. The same pieces for the same data and batch_rows.
  double valid_share = 0;
  std::string format = "auto";  // "auto", "libsvm", "libffm", "csv", "criteo", "idx".
  RowOptions read = {};         // As they are here, with init_dir: those of the saved model.
  // What is learnt of the labels: "logistic", two classes; "softmax", classes 0, 1, ..; "squared",
  // a number; "auto": of models with layers what the labels look like, with init_dir the saved
  // model's, else the first. Only "mlp" has the second.
  std::string loss = "auto";
  uint32_t classes = 0;   // "softmax": so many; 0: by the largest label of the sample.
  std::string hidden;     // Units of each layer before the last: "256,128"; "": the default.
  std::string optimizer;  // "": the model's. Any built-in name but "sum" and "assign".
  // Who takes the optimizer's steps: "gradient", the servers, one for each batch, from sums of
  // gradients. "sequential", the workers, one for each row, on their copy of what a batch touches;
  // they push what has changed. "lr" with sgd, adagrad or ftrl only. doc/defaults.md
  std::string update = "gradient";
  double learning_rate = -1;  // < 0: the model's default.
  double l1 = 0;              // ftrl only.
  double l2 = -1;             // Prior per feature; < 0: the model's default.
  // "fm": a weight and a vector of `dim` numbers for each feature, "ffm": with a vector for each
  // field; what is above is the weight's, and the bias's. "wide_deep", "deepfm": what is above is
  // of dense layers, but for the priors; what is below is of vectors, weights and bias.
  uint32_t dim = 0;                  // 1 .. 1,024; 0: the default, or that of the saved model.
  uint32_t fields = 0;               // On libffm; 0: the highest of a sample, and one more.
  std::string vector_optimizer;      // As `optimizer`; "": if that is "", too, rowwise_adagrad.
  double vector_learning_rate = -1;  // < 0: as the weight's; beside layers the default.
  double vector_l2 = -1;             // Prior per feature; < 0: the model's default.
  double init_scale = -1;            // Vectors start normally distributed; < 0: the default.
  RetentionSpec retention = {};      // Of features: which ones have a row, and keep it.
  uint32_t batch_rows = 0;           // About so many rows; 0: the default.
  uint64_t epochs = 0;               // 0: the default.
  uint64_t steps_max = 0;            // Batches in all; 0: as many as the epochs have.
  bool shuffle = true;               // false: every epoch in the files' order.
  bool constant_rate = false;        // Without warm-up and decay.
  double bad_rows_share = 0;         // Up to this share of unparsable rows is left out.
  uint64_t seed = 1;

  // Where the roles are: "embedded", threads of this process; "local", processes that are started
  // here and looked after; "tcp://HOST:PORT" or "ipc:///PATH", a coordinator that waits for a job,
  // with servers and workers that somebody has started: threads, executors and form_timeout are
  // theirs then, and files must be where they can read them. doc/cluster.md
  std::string cluster = "embedded";
  std::string job;  // The job's name; empty: the model's.
  ConsistencyMode mode;
  uint32_t streams = 0;                       // kBsp, kSsp; 0: the default. With kAsp it must be 0.
  WireValues wire_values = WireValues::kF32;  // Anything else: not with kBsp.
  uint32_t partitions = 64;
  uint32_t servers = 1;
  uint32_t workers = 1;
  // Of parsed rows, for the epochs after the first: "none", "memory", or a directory for a file
  // that later jobs on the same data use, too. doc/row_cache.md; an address: ignored.
  std::string cache = "none";
  uint64_t cache_bytes_max = uint64_t{1} << 30;  // Of memory, in each process.
  uint32_t threads = 1;    // Reading threads of each worker; an address: ignored.
  uint32_t executors = 1;  // Threads of each server; an address: ignored.
  // What computes the steps of "lr", "fm" and "mlp": "cpu"; "cuda:N", GPU N; "cuda", the first one,
  // or, of several workers on this machine, one after the other; "auto": with "mlp" and kAsp a GPU
  // if there is one, else the CPU. Named, it holds for all workers; an address: without N, which is
  // each worker's own matter. doc/gpu.md
  std::string device = "auto";
  // Of the device's memory, for a step: what takes more is cut in slices by its rows; with kBsp it
  // is an error. 0: what a GPU has free. An address: ignored.
  uint64_t device_bytes_max = 0;

  // "local": where ps_coordinator, ps_server and ps_worker are; empty: beside the running program,
  // else on PATH.
  std::string program_dir;
  // "local": the program that takes ps_worker's place, for a model of your own (WorkerMain in
  // cairn/model.h); empty: ps_worker.
  std::string worker_program;
  // "local": of the processes' logs; empty: a new one in $TMPDIR, kept after a failure only.
  std::string log_dir;
  uint32_t restarts_max = 100;  // "local": processes that were killed, all together.
  absl::Duration join_timeout = absl::Seconds(60);    // An address: for the coordinator to answer.
  absl::Duration form_timeout = absl::Seconds(60);    // For the processes to join.
  absl::Duration orphan_timeout = absl::Seconds(60);  // Between processes: of a silent coordinator.

  std::string init_dir;  // A saved model to start from.
  std::string save_dir;  // Where the model goes; must not hold one yet.

  // Checkpoints while the training goes on; empty: none. After the loss of a server the training
  // goes on from the last one by itself. Coordinator and servers have to see the directory.
  std::string checkpoint_dir;
  double checkpoint_seconds = 60;  // From one to the next.
  uint32_t checkpoints_kept = 2;   // So many of the newest.
  // So many at most build on each other: the first has all rows, each of the others only what
  // changed since the one before. 1 to 1,000.
  uint32_t checkpoint_full_every = 8;
  // Go on from the newest whole one; from the beginning if there is none yet. The data and what is
  // learnt must be the same; servers, workers and stop rules need not.
  bool resume = false;

  // "auc", of two classes; "accuracy", of classes; "logloss": whichever loss the model has; "auto":
  // the first of these that there is.
  std::string stop_metric = "auto";
  double target = 0;  // Stop when the metric is reached; 0: never.
  // Stop after so many epochs without min_delta of gain. Then the model is that of the best epoch.
  uint32_t patience = 0;
  double min_delta = 0;
  double relative_change = 0;  // Stop when the training loss changes less than this share.
  double seconds_max = 0;      // Checked at the end of each epoch.
};

struct EpochReport {
  uint64_t epoch = 0;  // From 1.
  uint64_t rows = 0;
  // The model's loss: the mean logistic or cross-entropy loss, or the mean squared error.
  double train_logloss = 0;  // Of each row before it was learnt. NaN: nobody knows it any more.
  double valid_logloss = 0;  // NaN without validation data.
  double valid_auc = 0;      // NaN without validation data, and but for two classes that are there.
  double seconds = 0;        // Since training began.
  double valid_accuracy = 0;  // NaN without validation data, and without classes.
  // Of the best that says the same of every row of the validation data: the shares of classes, or
  // the mean. NaN as above.
  double valid_baseline_loss = std::numeric_limits<double>::quiet_NaN();
  double valid_baseline_accuracy = std::numeric_limits<double>::quiet_NaN();
  // Labels 1 that the model promises, the sum of its probabilities, for each that there is; by
  // weight. NaN but for two classes of which 1 is there.
  double valid_calibration = std::numeric_limits<double>::quiet_NaN();
};

// Shown while a job runs.
struct TrainProgress {
  const char* phase = "";  // "spooling", "forming", "training", "evaluating", "saving".
  uint64_t epoch = 0;      // The one under way, from 1.
  uint64_t epochs = 0;
  double epoch_share = 0;  // Of the epoch under way, 0 .. 1.
  uint64_t rows = 0;       // Of the epoch under way.
  double loss = 0;         // Mean over those rows.
  std::string log_dir;     // Of the processes that were started; empty: there are none.
  std::vector<EpochReport> done;
  std::string data;                // One line about the training data, once it was looked at.
  std::vector<std::string> notes;  // TrainReport::notes, as far as they are known by now.
  uint32_t workers_lost = 0;       // Others do their work again from where it was recorded.
  uint64_t rollbacks = 0;          // Servers were lost, and all went on from a checkpoint.
  std::string alarm;               // Why the last checkpoint was given up; empty: it was not.
  std::string waiting_for;         // What is missing, for people, where something is.
  uint64_t bytes_spooled = 0;      // Of input that comes from a pipe: it is kept on the disk first.
};

struct TrainReport {
  std::string model;
  std::string cluster = "embedded";  // As TrainOptions::cluster.
  // The settings that held, defaults filled in, as (name, value) in the order of the command line;
  // of a list, a line for each value. Rules for stopping that were not in force are left out.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string data;   // One line about the training data.
  uint64_t rows = 0;  // Trained, all epochs together.
  // Rows that bad_rows_share left out of the first epoch. None: not known here, since the workers
  // were other processes.
  std::optional<uint64_t> bad_rows;
  std::string first_bad_row;  // "path:line:column: what"; "": there is none, or it is not known.
  uint64_t features = 0;      // Rows of the sparse tables at the end.
  double setup_seconds = 0;   // Opening and sampling the data, forming the cluster.
  double train_seconds = 0;   // To the end of the last epoch, with the evaluations before it.
  double rows_per_second = 0;
  uint64_t peak_rss_bytes = 0;
  uint64_t bytes_sent = 0, bytes_received = 0;  // 0 in one process: nothing is encoded.
  uint64_t frames_refused = 0;                  // What arrived at anybody and was no message.
  std::string model_digest;  // 32 hex digits; the same for the same weights, however they lie.
  std::string stop_reason;
  std::string loss;                // "logistic", "softmax", "squared".
  std::string stop_metric;         // TrainOptions's, "auto" made one of the others.
  std::vector<std::string> notes;  // Sentences: what the user may not expect.
  std::vector<EpochReport> epochs;
  uint64_t best_epoch = 0;  // By the stop metric, the first of equal ones; 0: nothing to tell by.
  uint64_t model_epoch =
      0;  // Whose model it is: the best one's with patience, else the last one's.
};

// The exit code of the command line for an error of the functions below: kInvalidArgument and
// kFailedPrecondition 2 (usage); kNotFound 3 (data or model not found, or not readable: bad rows
// too); kDataLoss 4 (model damaged); kDeadlineExceeded and kUnavailable 5 (cluster not formed);
// kOutOfRange 6 (diverged); kCancelled 130; OK 0; anything else 1.
int ExitCode(const absl::Status& status);

// Trains, wherever options.cluster says. `progress`, if given, is called about 5 times a second on
// the calling thread; returning false ends the job (kCancelled). Blocks until the end.
absl::StatusOr<TrainReport> Train(const TrainOptions& options,
                                  const std::function<bool(const TrainProgress&)>& progress = {});

// What a training would be.
struct TrainPreview {
  struct Table {
    std::string name;
    std::string kind;          // "sparse" or "dense".
    uint32_t width = 0;        // Weights of a row.
    uint64_t row_bytes = 0;    // In a server's memory, with optimizer state and index.
    double rows_estimate = 0;  // Of a dense table, exact.
  };

  std::vector<std::pair<std::string, std::string>> settings;  // As TrainReport's.
  std::vector<std::string> notes;                             // As TrainReport's.
  std::string data, valid_data;                               // A line each; "": none.
  double rows_estimate = 0;  // Of the training data, by a sample; exact if it is small.
  double features_per_row = 0;
  // Both of the rows, by their weights, and by the same sample.
  double positive_share = 0;  // Of labels above 0.
  double mean_label = 0;
  double features_estimate = 0;  // Different ones; by a sample, so not more than a hint.
  uint64_t batches_per_epoch = 0;
  std::vector<Table> tables;
  double model_bytes_estimate = 0;  // In the memory of all servers together.
};

// Opens and samples the data, decides all that Train would decide, and does not train. Errors are
// those that Train would have had by then.
absl::StatusOr<TrainPreview> PreviewTraining(const TrainOptions& options);

struct EvalReport {
  std::string model;
  uint64_t rows = 0;
  uint64_t bad_rows = 0;      // Left out.
  std::string first_bad_row;  // "path:line:column: what"; "": there is none.
  std::string loss;           // "logistic", "softmax", "squared"; "own": CustomModel::Loss.
  double logloss = 0;         // The mean of it.
  double auc = 0;             // NaN but for two classes that are both there.
  double accuracy = 0;        // NaN without classes.
  double seconds = 0;
  // As EpochReport's.
  double baseline_loss = std::numeric_limits<double>::quiet_NaN();
  double baseline_accuracy = std::numeric_limits<double>::quiet_NaN();
  double calibration = std::numeric_limits<double>::quiet_NaN();
};

struct ScoreOptions {
  std::string model_dir;
  std::vector<std::string> data;  // As TrainOptions::train.
  std::string format = "auto";    // Rows are made of it as when the model was trained.
  double bad_rows_share = 0;      // Up to this share of rows may be unparsable.
  CustomModels models = {};       // As TrainOptions's, if the model is one of those.
};

// Scores data with a saved model. kDataLoss: the model is damaged; kNotFound: there is no row.
absl::StatusOr<EvalReport> Evaluate(const ScoreOptions& options);

struct PredictReport {
  uint64_t rows = 0;          // Bad ones too.
  uint64_t bad_rows = 0;      // Their prediction is NaN.
  std::string first_bad_row;  // As EvalReport's.
};

// Calls `sink` with what the model predicts for each row, in the order of the data: the probability
// of label 1, of each class, or a value. With NaN for a row that cannot be parsed. Stops at the
// first error of `sink`. Data without rows is no error.
absl::StatusOr<PredictReport> Predict(
    const ScoreOptions& options,
    const std::function<absl::Status(std::span<const float> prediction)>& sink);

}  // namespace cairn
