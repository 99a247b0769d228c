// Training from files to a saved model, with every role in this process.
#include "cairn/train.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/inspect.h"
#include "cluster/linear_data.h"
#include "train/zipf_generator.h"

namespace cairn {
namespace {

struct Data {
  TempDirectory directory;
  std::string train = WriteLinearData(directory, "train", 3000, 1);
  std::string valid = WriteLinearData(directory, "valid", 500, 2);

  TrainOptions Options() const {
    TrainOptions options;
    options.train = {train};
    options.valid = {valid};
    options.epochs = 3;
    options.l2 = 0;
    options.partitions = 8;
    return options;
  }
};

TEST_CASE("Training learns what can be learnt, and counts every row") {
  const Data data;
  TrainOptions options = data.Options();
  options.mode =
      GENERATE(ConsistencyMode{Consistency::kAsp, 0}, ConsistencyMode{Consistency::kSsp, 1},
               ConsistencyMode{Consistency::kBsp, 0});
  options.servers = 2;
  options.workers = 2;
  const auto report = Train(options);
  REQUIRE(report.status() == absl::OkStatus());
  REQUIRE(report->epochs.size() == 3);
  CHECK(report->rows == 9000);
  CHECK(report->features == 32);
  for (const EpochReport& epoch : report->epochs) CHECK(epoch.rows == 3000);
  CHECK(report->epochs[0].epoch == 1);
  CHECK(report->epochs[2].train_logloss < report->epochs[0].train_logloss);
  CHECK(report->epochs[2].valid_auc > 0.99);
  CHECK(report->stop_reason == "all epochs are done");
}

// The weights of all features, and the bias at the end.
std::map<Key, float> WeightsOf(const std::string& model_dir) {
  std::map<Key, float> weights;
  const ModelReport report = Inspect({.model_dir = model_dir, .table = "", .top = 100}).value();
  for (const TableReport& table : report.tables) {
    for (const SavedRow& row : table.heaviest) {
      REQUIRE(row.weights.size() == 1);
      weights[table.spec.name == "bias" ? ~Key{0} : row.key] = row.weights[0];
    }
  }
  CHECK(weights.size() == 33);
  return weights;
}

TEST_CASE("Learning row by row is the same in batches of any size, and its models are saved") {
  const Data data;
  TrainOptions options = data.Options();
  options.update = "sequential";
  options.optimizer = GENERATE("adagrad", "ftrl", "sgd");
  options.shuffle = GENERATE(true, false);
  options.constant_rate = true;
  options.l2 = 1;
  options.batch_rows = 64;
  options.save_dir = data.directory.PathOf("model-64");
  const TrainReport small = Train(options).value();
  CHECK(small.epochs[2].valid_auc > 0.99);
  const std::map<Key, float> weights = WeightsOf(options.save_dir);
  for (const uint32_t batch_rows : {500, 3000}) {
    options.batch_rows = batch_rows;
    options.save_dir = data.directory.PathOf("model-" + std::to_string(batch_rows));
    const TrainReport large = Train(options).value();
    for (size_t epoch = 0; epoch < 3; ++epoch) {
      CHECK(large.epochs[epoch].rows == 3000);
      CHECK(large.epochs[epoch].train_logloss ==
            Approx(small.epochs[epoch].train_logloss).epsilon(1e-4));
    }
    for (const auto& [key, weight] : WeightsOf(options.save_dir)) {
      CHECK(weight == Approx(weights.at(key)).epsilon(1e-3).margin(1e-4));
    }
  }
  const EvalReport eval = Evaluate({.model_dir = options.save_dir, .data = {data.valid}}).value();
  CHECK(eval.logloss == Approx(small.epochs[2].valid_logloss).epsilon(1e-3));
  // What goes on from it has its state, and its bias although the base rate is another one.
  TrainOptions more = options;
  more.init_dir = options.save_dir;
  more.save_dir.clear();
  more.train = {data.valid};
  more.epochs = 1;
  more.learning_rate = 0.3;
  CHECK(Train(more).value().epochs[0].train_logloss < small.epochs[1].train_logloss);
  more.update = "gradient";
  const absl::Status other = Train(more).status();
  CHECK(ExitCode(other) == 2);
  CHECK(MessageOf(other).find("say --update sequential --optimizer " + options.optimizer) !=
        std::string_view::npos);
}

TEST_CASE("Learning row by row works with several workers in every mode") {
  const Data data;
  TrainOptions options = data.Options();
  options.update = "sequential";
  options.batch_rows = 64;
  options.workers = 3;
  options.servers = 2;
  options.mode =
      GENERATE(ConsistencyMode{Consistency::kAsp, 0}, ConsistencyMode{Consistency::kSsp, 1},
               ConsistencyMode{Consistency::kBsp, 0});
  const TrainReport report = Train(options).value();
  CHECK(report.rows == 9000);
  CHECK(report.epochs[2].valid_auc > 0.99);
  if (options.mode.consistency != Consistency::kBsp) return;
  options.workers = 1;
  options.partitions = 2;
  CHECK(Train(options).value().model_digest == report.model_digest);
}

// Two features of eight each; the label is whether they are alike. Each alone says nothing, so that
// only pairs can be learnt.
std::string WritePairs(const TempDirectory& directory, const std::string& name, uint64_t seed) {
  std::ofstream file(directory.PathOf(name), std::ios::binary);
  for (uint64_t row = 0; row < 3000; ++row) {
    const uint64_t random = Mix64(row + seed * 1'000'003);
    const uint64_t a = random % 8, b = (random >> 8) % 8;
    file << (a % 2 == b % 2 ? 1 : 0) << " 0:" << a << ":1 1:" << 100 + b << ":1\n";
  }
  return directory.PathOf(name);
}

TEST_CASE("Factorization machines learn what no weight of a feature can say") {
  const TempDirectory directory;
  TrainOptions options;
  options.train = {WritePairs(directory, "train", 1)};
  options.valid = {WritePairs(directory, "valid", 2)};
  options.epochs = 5;
  options.l2 = 0;
  options.partitions = 8;
  CHECK(Train(options).value().epochs.back().valid_auc < 0.6);
  options.model = GENERATE("fm", "ffm");
  options.dim = 3;
  options.vector_l2 = 0;
  options.servers = 2;
  options.workers = 2;
  options.mode =
      GENERATE(ConsistencyMode{Consistency::kAsp, 0}, ConsistencyMode{Consistency::kSsp, 1},
               ConsistencyMode{Consistency::kBsp, 0});
  options.save_dir = directory.PathOf("model");
  const TrainReport report = Train(options).value();
  CHECK(report.features == 16);
  CHECK(report.epochs.back().valid_auc > 0.99);
  const EvalReport eval = Evaluate({.model_dir = options.save_dir, .data = options.valid}).value();
  CHECK(eval.model == options.model);
  CHECK(eval.auc == Approx(report.epochs.back().valid_auc));
  CHECK(eval.logloss == Approx(report.epochs.back().valid_logloss));
  // Going on, as long as it was.
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.dim = 0;
  options.epochs = 1;
  CHECK(Train(options).value().epochs[0].train_logloss < report.epochs[1].train_logloss);
}

// Rows of two features whose numbers say the label: their sum, or their product, in another unit.
std::string WriteNumbers(const TempDirectory& directory, const std::string& name, uint64_t seed,
                         bool is_product) {
  std::ofstream file(directory.PathOf(name));
  for (uint64_t row = 0; row < 3000; ++row) {
    const uint64_t random = HashWords(seed, row), a = random % 16, b = (random >> 8) % 16;
    file << 5000 + 20 * (is_product ? a * b : a + b) << " 0:" << a << ":1 1:" << 100 + b << ":1\n";
  }
  return directory.PathOf(name);
}

TEST_CASE("Numbers are learnt in their own unit, by linear models and factorization machines") {
  const TempDirectory directory;
  const bool is_fm = GENERATE(false, true);
  TrainOptions options;
  options.model = is_fm ? "fm" : "lr";
  options.loss = "squared";
  options.train = {WriteNumbers(directory, "train", 1, is_fm)};
  options.valid = {WriteNumbers(directory, "valid", 2, is_fm)};
  options.l2 = 0;
  if (is_fm) options.vector_l2 = 0;
  options.mode.consistency = GENERATE(Consistency::kAsp, Consistency::kBsp);
  options.save_dir = directory.PathOf("model");
  const auto report = Train(options);
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(report->loss == "squared");
  const EpochReport& last = report->epochs.back();
  CHECK(std::sqrt(last.valid_logloss) < 0.3 * std::sqrt(last.valid_baseline_loss));
  CHECK(std::isnan(last.valid_auc));
  const ScoreOptions score{.model_dir = options.save_dir, .data = options.valid};
  CHECK(Evaluate(score).value().logloss == Approx(last.valid_logloss).epsilon(1e-9));
  double least = 1e9, most = 0;
  CHECK(Predict(score, [&](std::span<const float> prediction) {
          least = std::min<double>(least, prediction[0]);
          most = std::max<double>(most, prediction[0]);
          return absl::OkStatus();
        }).ok());
  const double tolerance = is_fm ? 1000 : 100;
  CHECK(least == Approx(5000).margin(tolerance));
  CHECK(most == Approx(is_fm ? 5000 + 20 * 225 : 5000 + 20 * 30).margin(tolerance));
  // What goes on from it learns the same loss, and its weights mean the same with other labels.
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.loss = "auto";
  options.epochs = 1;
  std::ofstream(directory.PathOf("few")) << "5000 0:0:1 1:100:1\n5020 0:0:1 1:101:1\n";
  options.train = {directory.PathOf("few")};
  const auto more = Train(options);
  REQUIRE(more.status() == absl::OkStatus());
  CHECK(more->loss == "squared");
  CHECK(more->epochs[0].valid_logloss < 2 * last.valid_logloss + 100);
  options.loss = "logistic";
  CHECK(ExitCode(Train(options).status()) != 0);
}

TEST_CASE("bsp: the model is the same to the last bit, whoever trains it") {
  const Data data;
  TrainOptions options = data.Options();
  options.model = GENERATE("lr", "fm", "ffm");
  options.epochs = 1;
  options.mode.consistency = Consistency::kBsp;
  const std::string alone = Train(options).value().model_digest;
  options.servers = 3;
  options.workers = 3;
  options.threads = 2;
  options.executors = 2;
  options.partitions = 32;
  CHECK(Train(options).value().model_digest == alone);
  options.seed = 2;
  CHECK(Train(options).value().model_digest != alone);
}

TEST_CASE("A cache of rows changes the time, and nothing else") {
  const Data data;
  TrainOptions options = data.Options();
  options.mode.consistency = Consistency::kBsp;
  options.bad_rows_share = 0.1;
  options.format = "libffm";
  std::ofstream(data.train, std::ios::app) << "1 0:what\n";
  const TrainReport plain = Train(options).value();
  CHECK(plain.bad_rows == 1);
  options.workers = 2;
  options.threads = 2;
  std::filesystem::create_directory(data.directory.PathOf("cache"));
  for (const std::string& cache :
       {std::string("memory"), data.directory.PathOf("cache"), data.directory.PathOf("cache")}) {
    CAPTURE(cache);
    options.cache = cache;
    const TrainReport cached = Train(options).value();
    CHECK(cached.model_digest == plain.model_digest);
    CHECK(cached.bad_rows == 1);
    CHECK(cached.first_bad_row == plain.first_bad_row);
    CHECK(cached.epochs[2].valid_logloss == plain.epochs[2].valid_logloss);
  }
}

// Click data, of whose features most occur once or twice.
std::string WriteClicks(const TempDirectory& directory, uint64_t rows) {
  std::ofstream file(directory.PathOf("clicks"), std::ios::binary);
  const ZipfSpec spec{.rows = rows, .features = 100'000};
  const absl::Status written = GenerateZipf(
      spec,
      [&](std::string_view text) {
        file << text;
        return absl::Status();
      },
      nullptr);
  REQUIRE(written == absl::OkStatus());
  return directory.PathOf("clicks");
}

TEST_CASE("bsp: which features have a weight is the same too, for equal partitions") {
  const TempDirectory directory;
  TrainOptions options;
  options.train = {WriteClicks(directory, 1'500)};
  options.epochs = 2;
  options.partitions = 8;
  options.mode.consistency = Consistency::kBsp;
  const uint64_t all = Train(options).value().features;
  options.retention = GENERATE_COPY(
      RetentionSpec{.admit_count = 2, .sketch_bytes = 64u << 10},
      RetentionSpec{.admit_probability = 0.3f, .expire_steps = 12, .expire_below = 0.05f},
      RetentionSpec{.admit_count = 2, .sketch_bytes = 64u << 10, .expire_steps = 12},
      RetentionSpec{.bytes_max = 8 * 300 * 20});
  const TrainReport alone = Train(options).value();
  CHECK(alone.features < all * 2 / 3);
  CHECK(alone.features > 500);
  options.servers = 3;
  options.workers = 3;
  options.threads = 2;
  options.executors = 2;
  CHECK(Train(options).value().model_digest == alone.model_digest);
}

TEST_CASE("bsp: a factorization machine's features are admitted as others are") {
  const TempDirectory directory;
  TrainOptions options;
  options.model = "fm";
  options.train = {WriteClicks(directory, 1'500)};
  options.epochs = 2;
  options.partitions = 8;
  options.mode.consistency = Consistency::kBsp;
  const uint64_t all = Train(options).value().features;
  options.retention = {.admit_count = 2, .sketch_bytes = 64u << 10};
  const TrainReport alone = Train(options).value();
  CHECK(alone.features < all * 2 / 3);
  CHECK(alone.features > 500);
  options.servers = 3;
  options.workers = 3;
  CHECK(Train(options).value().model_digest == alone.model_digest);
}

TEST_CASE("A budget that is too small for the partitions ends training before it begins") {
  const Data data;
  TrainOptions options = data.Options();
  options.retention.bytes_max = 1000;
  const absl::Status refused = Train(options).status();
  CHECK(ExitCode(refused) == 2);
  CHECK_THAT(std::string(MessageOf(refused)), Catch::Contains("bytes_max of 1000 B is too little"));
}

TEST_CASE("A share of the training data is scored instead of learnt") {
  const Data data;
  TrainOptions options = data.Options();
  options.valid.clear();
  options.valid_share = 0.2;
  options.mode.consistency = GENERATE(Consistency::kAsp, Consistency::kBsp);
  const bool has_cache = GENERATE(false, true);
  if (has_cache) options.cache = "memory";
  const auto report = Train(options);
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(report->epochs[0].rows == Approx(2400).margin(150));
  CHECK(report->epochs[2].valid_auc > 0.99);
  options.valid = {data.valid};
  CHECK(MessageOf(Train(options).status()) == "--valid and --valid-share: take one of them");
  options.valid.clear();
  options.valid_share = 0.6;
  CHECK(MessageOf(Train(options).status()) == "--valid-share is 0.6: 0.001 to 0.5");
  std::ofstream(data.directory.PathOf("two")) << "1 0:1:1\n0 0:2:1\n";
  options.train = {data.directory.PathOf("two")};
  options.valid_share = 0.1;
  CHECK_THAT(std::string(MessageOf(Train(options).status())),
             Catch::StartsWith("--valid-share: too few rows to hold 1 of 10 pieces out"));
}

TEST_CASE("With patience, the model is that of the best epoch, and nothing else is saved") {
  const Data data;
  // Labels are the wrong way round: the more is learnt, the worse.
  std::ofstream wrong(data.directory.PathOf("wrong"));
  std::ifstream valid(data.valid);
  for (std::string line; std::getline(valid, line);) {
    wrong << (line[0] == '1' ? '0' : '1') << line.substr(1) << '\n';
  }
  wrong.close();
  TrainOptions options = data.Options();
  options.valid = {data.directory.PathOf("wrong")};
  options.mode =
      GENERATE(ConsistencyMode{Consistency::kAsp, 0}, ConsistencyMode{Consistency::kSsp, 1},
               ConsistencyMode{Consistency::kBsp, 0});
  options.workers = options.servers = 2;
  options.epochs = 9;
  options.patience = 2;
  options.stop_metric = "logloss";
  options.save_dir = data.directory.PathOf("model");
  const auto report = Train(options);
  REQUIRE(report.status() == absl::OkStatus());
  REQUIRE(report->epochs.size() == 3);
  CHECK(report->best_epoch == 1);
  CHECK(report->model_epoch == 1);
  const auto saved = Evaluate({.model_dir = options.save_dir, .data = options.valid});
  REQUIRE(saved.ok());
  CHECK(saved->logloss == Approx(report->epochs[0].valid_logloss).epsilon(1e-9));
  CHECK(Inspect({.model_dir = options.save_dir, .table = "", .top = 1})->digest ==
        report->model_digest);
  size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(options.save_dir)) {
    ++files;
  }
  CHECK(files == options.partitions + 1);  // And the manifest.
}

TEST_CASE("Training stops at its target, with the reason") {
  const Data data;
  TrainOptions options = data.Options();
  options.epochs = 20;
  options.target = 0.6;
  const TrainReport report = Train(options).value();
  CHECK(report.epochs.size() < 20);
  CHECK(report.stop_reason.find("reached the target 0.6") != std::string::npos);
}

TEST_CASE("A model that was saved can be gone on with, and is not overwritten") {
  const Data data;
  TrainOptions options = data.Options();
  options.save_dir = data.directory.PathOf("model");
  const TrainReport first = Train(options).value();
  const auto again = Train(options);
  CHECK(again.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(again.status()).find(options.save_dir) != std::string_view::npos);
  options.init_dir = options.save_dir;
  options.save_dir.clear();
  options.partitions = 2;
  options.epochs = 1;
  const TrainReport second = Train(options).value();
  CHECK(second.epochs[0].train_logloss < first.epochs[0].train_logloss);
  CHECK(second.epochs[0].valid_auc > 0.99);
}

TEST_CASE("A row that cannot be parsed ends training with its place") {
  const Data data;
  TrainOptions options = data.Options();
  options.format = "libffm";
  std::ofstream(data.train, std::ios::app) << "1 0:what\n";
  const auto report = Train(options);
  REQUIRE(!report.ok());
  CHECK(ExitCode(report.status()) == 3);
  CHECK(MessageOf(report.status()).find(":3001:") != std::string_view::npos);
}

TEST_CASE("A training that diverges ends with the place where it did, and saves nothing") {
  const Data data;
  TrainOptions options = data.Options();
  const std::string kind = GENERATE("lr", "fm", "lr row by row");
  options.model = kind.substr(0, 2);
  if (kind.size() > 2) options.update = "sequential";
  options.mode.consistency = GENERATE(Consistency::kAsp, Consistency::kBsp);
  options.learning_rate = 1e30;
  options.save_dir = data.directory.PathOf("model");
  const absl::Status status = Train(options).status();
  CHECK(ExitCode(status) == 6);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::StartsWith("the training diverged in epoch ") && Catch::Contains(", batch ") &&
                 Catch::Contains("nothing is saved") && Catch::Contains("smaller --lr"));
  CHECK_FALSE(std::filesystem::exists(options.save_dir));
}

TEST_CASE("Progress is shown, and may end the job") {
  const Data data;
  std::string last_phase;
  CHECK(Train(data.Options(), [&](const TrainProgress& progress) {
          last_phase = progress.phase;
          return true;
        }).ok());
  CHECK(last_phase == "finished");
  TrainOptions endless = data.Options();
  endless.epochs = 1'000'000;
  const auto stopped = Train(endless, [](const TrainProgress&) { return false; });
  CHECK(ExitCode(stopped.status()) == 130);
}

TEST_CASE("Exit codes are the command line's") {
  CHECK(ExitCode(absl::OkStatus()) == 0);
  CHECK(ExitCode(Internal("")) == 1);
  CHECK(ExitCode(InvalidArgument("")) == 2);
  CHECK(ExitCode(FailedPrecondition("")) == 2);
  CHECK(ExitCode(NotFound("")) == 3);
  CHECK(ExitCode(DataLoss("")) == 4);
  CHECK(ExitCode(DeadlineExceeded("")) == 5);
  CHECK(ExitCode(Unavailable("")) == 5);
  CHECK(ExitCode(MakeError(absl::StatusCode::kOutOfRange, "")) == 6);
  CHECK(ExitCode(MakeError(absl::StatusCode::kCancelled, "")) == 130);
}

}  // namespace
}  // namespace cairn
