// wide_deep and deepfm from files to saved models and predictions, with every role in this process.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/inspect.h"
#include "cairn/train.h"

namespace cairn {
namespace {

// Two features of 8 each, in two fields; the label is whether both are odd or both even, with one
// label in ten the other way. No linear model learns that.
std::string Parity(const TempDirectory& directory, const std::string& name, uint64_t rows,
                   uint64_t seed) {
  std::ofstream file(directory.PathOf(name), std::ios::binary);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t random = HashWords(seed, row), a = random % 8, b = (random >> 8) % 8;
    const bool other = (random >> 16) % 10 == 0;
    file << ((a + b) % 2 == (other ? 1 : 0)) << " 0:" << a << ":1 1:" << 100 + b << ":1\n";
  }
  return directory.PathOf(name);
}

struct Data {
  TrainOptions Options(const std::string& model) const {
    TrainOptions options;
    options.model = model;
    options.train = {train};
    options.valid = {valid};
    options.partitions = 8;
    options.hidden = "16,8";
    options.learning_rate = 0.01;
    options.epochs = 12;
    return options;
  }
  const TempDirectory directory;
  const std::string train = Parity(directory, "train.libffm", 8'000, 1);
  const std::string valid = Parity(directory, "valid.libffm", 1'000, 2);
};

TEST_CASE("Networks beside other parts learn what no linear model can", "[deep]") {
  const Data data;
  TrainOptions options = data.Options(GENERATE("wide_deep", "deepfm"));
  CAPTURE(options.model);
  options.save_dir = data.directory.PathOf("model");
  const TrainReport report = Train(options).value();
  CHECK(report.epochs.back().valid_auc > 0.87);  // As much as the noise leaves: 0.9.
  CHECK(report.features == 16);
  const ScoreOptions score = {.model_dir = options.save_dir, .data = options.valid};
  const EvalReport eval = Evaluate(score).value();
  CHECK(eval.model == options.model);
  CHECK(eval.auc == Approx(report.epochs.back().valid_auc));
  CHECK(eval.logloss == Approx(report.epochs.back().valid_logloss));
  size_t rows = 0;
  const auto sink = [&](std::span<const float> prediction) {
    CHECK((prediction.size() == 1 && prediction[0] > 0 && prediction[0] < 1));
    ++rows;
    return absl::OkStatus();
  };
  REQUIRE(Predict(score, sink).status() == absl::OkStatus());
  CHECK(rows == 1'000);
  const ModelReport inspected = Inspect({.model_dir = options.save_dir, .table = ""}).value();
  REQUIRE(inspected.tables.size() == 8);
  CHECK(inspected.tables[0].spec.name == "weights");
  CHECK(inspected.tables[0].rows == 16);
  CHECK(inspected.tables[2].spec.dense_size == 2 * 8 * 16);
}

TEST_CASE("Such models start from where they were, or from their parts", "[deep]") {
  const Data data;
  TrainOptions options = data.Options("deepfm");
  options.save_dir = data.directory.PathOf("model");
  const TrainReport report = Train(options).value();
  TrainOptions more = options;
  more.init_dir = options.save_dir;
  more.save_dir.clear();
  more.epochs = 1;
  CHECK(Train(more).value().epochs[0].train_logloss < report.epochs[0].train_logloss - 0.1);
  more.dim = 5;
  CHECK_THAT(std::string(MessageOf(Train(more).status())),
             Catch::Contains("was trained with --model deepfm --dim 8"));
  more.dim = 0;
  more.hidden = "16,9";
  CHECK(ExitCode(Train(more).status()) == 2);
  TrainOptions factors = data.Options("fm");
  factors.hidden.clear();
  factors.learning_rate = -1;
  factors.dim = 4;
  factors.save_dir = data.directory.PathOf("fm");
  REQUIRE(Train(factors).ok());
  options.init_dir = factors.save_dir;
  options.save_dir.clear();
  const TrainReport grown = Train(options).value();
  CHECK(grown.notes.size() == 6);  // A new table is told: weights and bias of three layers.
  CHECK(grown.epochs[0].train_logloss < report.epochs[0].train_logloss);
}

TEST_CASE("With bsp they are the same to the last bit, whoever trains them", "[deep]") {
  const Data data;
  TrainOptions options = data.Options(GENERATE("wide_deep", "deepfm"));
  options.epochs = 2;
  options.mode.consistency = Consistency::kBsp;
  options.streams = 4;
  const std::string alone = Train(options).value().model_digest;
  for (const auto& [servers, workers] : {std::pair<uint32_t, uint32_t>{2, 2}, {3, 1}}) {
    options.servers = servers;
    options.workers = workers;
    options.threads = 2;
    options.executors = servers;
    options.partitions *= 2;
    CHECK(Train(options).value().model_digest == alone);
  }
  options.seed = 2;
  CHECK(Train(options).value().model_digest != alone);
}

TEST_CASE("With asp, more workers and servers learn as much", "[deep]") {
  const Data data;
  TrainOptions options = data.Options("deepfm");
  const double alone = Train(options).value().epochs.back().valid_logloss;
  options.servers = options.workers = 2;
  CHECK(Train(options).value().epochs.back().valid_logloss == Approx(alone).margin(0.02));
}

TEST_CASE("They learn numbers, too", "[deep]") {
  const TempDirectory directory;
  const auto write = [&](const std::string& name, uint64_t seed) {
    std::ofstream file(directory.PathOf(name), std::ios::binary);
    for (uint64_t row = 0; row < 4'000; ++row) {
      const uint64_t a = HashWords(seed, row) % 8, b = HashWords(seed, row, 1) % 8;
      file << 20'000 + 1'000 * (a == b ? 5 : 0) + 500 * a << " 0:" << a << ":1 1:" << 8 + b
           << ":1\n";
    }
    return directory.PathOf(name);
  };
  TrainOptions options;
  options.model = "deepfm";
  options.train = {write("train", 1)};
  options.valid = {write("valid", 2)};
  options.learning_rate = 0.01;
  const TrainReport report = Train(options).value();
  CHECK(report.stop_metric == "logloss");
  CHECK(report.epochs.back().valid_logloss < 400'000);  // The labels' variance is 4 million.
}

}  // namespace
}  // namespace cairn
