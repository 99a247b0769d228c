// Networks from files to saved models and predictions, with every role in this process.
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"

namespace cairn {
namespace {

std::string Write(const TempDirectory& directory, const std::string& name,
                  const std::string& content) {
  std::ofstream(directory.PathOf(name), std::ios::binary) << content;
  return directory.PathOf(name);
}

// The label is whether one of two features is there, and not both: no linear model learns that.
std::string Xor(uint64_t rows, uint64_t seed) {
  std::string text;
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t random = HashWords(seed, row) % 4;
    const bool a = (random & 1) != 0, b = (random & 2) != 0;
    text += std::string(a != b ? "1" : "0") + (a ? " 1:1" : "") + (b ? " 2:1" : "") + " 3:1\n";
  }
  return text;
}

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

// Images of `side` x 4 pixels, of three classes by the column that is bright, under some noise.
// Returns the path of the images.
std::string WriteImages(const TempDirectory& directory, const std::string& name, uint32_t rows,
                        uint32_t side = 4, uint64_t largest_label = 2) {
  std::string images =
      std::string("\0\0\x08\x03", 4) + BigEndian(rows) + BigEndian(side) + BigEndian(4);
  std::string labels = std::string("\0\0\x08\x01", 4) + BigEndian(rows);
  for (uint64_t row = 0; row < rows; ++row) {
    const uint64_t label = HashWords(row, rows) % (largest_label + 1);
    labels += static_cast<char>(label);
    for (uint64_t pixel = 0; pixel < side * 4; ++pixel) {
      const uint64_t noise = HashWords(row, pixel, 7) % 120;
      images += static_cast<char>(pixel % 4 == label ? 80 + noise : noise);
    }
  }
  Write(directory, name + "-labels-idx1-ubyte", labels);
  return Write(directory, name + "-images-idx3-ubyte", images);
}

TrainOptions Mlp(const std::string& train) {
  TrainOptions options;
  options.model = "mlp";
  options.train = {train};
  options.partitions = 8;
  return options;
}

std::vector<std::vector<float>> PredictionsOf(const ScoreOptions& options) {
  std::vector<std::vector<float>> predictions;
  REQUIRE(Predict(options, [&](std::span<const float> prediction) {
            predictions.emplace_back(prediction.begin(), prediction.end());
            return absl::OkStatus();
          }).status() == absl::OkStatus());
  return predictions;
}

TEST_CASE("mlp: a training that diverges ends with the place where it did", "[mlp]") {
  const TempDirectory directory;
  TrainOptions options = Mlp(Write(directory, "train.libsvm", Xor(2'000, 1)));
  options.optimizer = GENERATE("adam", "sgd");
  options.learning_rate = 1e30;
  const absl::Status status = Train(options).status();
  CHECK(ExitCode(status) == 6);
  CHECK_THAT(std::string(MessageOf(status)), Catch::StartsWith("the training diverged in epoch "));
}

TEST_CASE("mlp learns what no linear model can", "[mlp]") {
  const TempDirectory directory;
  TrainOptions options = Mlp(Write(directory, "train.libsvm", Xor(2'000, 1)));
  options.valid = {Write(directory, "valid.libsvm", Xor(200, 2))};
  options.format = "libsvm";
  options.hidden = "16,8";
  options.learning_rate = 0.01;
  options.save_dir = directory.PathOf("model");
  const TrainReport report = Train(options).value();
  CHECK(report.epochs.size() == 10);
  CHECK(report.epochs.back().valid_accuracy == 1);
  CHECK(report.epochs.back().valid_logloss < 0.05);
  CHECK(report.stop_metric == "auc");
  CHECK(report.features == 3);
  const EvalReport eval = Evaluate({.model_dir = options.save_dir, .data = options.valid}).value();
  CHECK(eval.accuracy == 1);
  CHECK(eval.loss == "logistic");
  CHECK(eval.logloss == Approx(report.epochs.back().valid_logloss));
  TrainOptions linear = options;
  linear.model = "lr";
  linear.hidden.clear();
  linear.save_dir.clear();
  linear.learning_rate = -1;
  CHECK(Train(linear).value().epochs.back().valid_accuracy < 0.8);
}

TEST_CASE("mlp tells classes of images apart, and saves all that predictions need", "[mlp]") {
  const TempDirectory directory;
  TrainOptions options = Mlp(WriteImages(directory, "train", 1'500));
  options.valid = {WriteImages(directory, "valid", 300)};
  options.hidden = "12";
  options.learning_rate = 0.01;
  options.save_dir = directory.PathOf("model");
  const TrainReport report = Train(options).value();
  CHECK(report.epochs.back().valid_accuracy > 0.97);
  CHECK(std::isnan(report.epochs.back().valid_auc));
  CHECK(report.stop_metric == "accuracy");
  CHECK(report.features == 0);  // All tables are dense.
  const ScoreOptions score = {.model_dir = options.save_dir, .data = options.valid};
  const EvalReport eval = Evaluate(score).value();
  CHECK(eval.accuracy == Approx(report.epochs.back().valid_accuracy));
  CHECK(eval.logloss == Approx(report.epochs.back().valid_logloss));
  CHECK(eval.loss == "softmax");
  const auto predictions = PredictionsOf(score);
  REQUIRE(predictions.size() == 300);
  for (const std::vector<float>& row : predictions) {
    REQUIRE(row.size() == 3);
    CHECK(row[0] + row[1] + row[2] == Approx(1));
  }
  // From where it was, and it is better than at the start of the first training.
  TrainOptions more = options;
  more.init_dir = options.save_dir;
  more.save_dir.clear();
  more.epochs = 1;
  CHECK(Train(more).value().epochs[0].train_logloss < report.epochs[0].train_logloss / 2);
  more.hidden = "13";
  CHECK(ExitCode(Train(more).status()) == 2);
}

TEST_CASE("mlp with bsp: the model is the same to the last bit, whoever trains it", "[mlp]") {
  const TempDirectory directory;
  const bool sparse = GENERATE(false, true);
  TrainOptions options = sparse ? Mlp(Write(directory, "train.libsvm", Xor(1'000, 1)))
                                : Mlp(WriteImages(directory, "train", 700));
  options.hidden = "9,5";
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

TEST_CASE("mlp learns numbers of any size", "[mlp]") {
  const TempDirectory directory;
  const auto text = [](uint64_t seed, uint64_t rows) {
    std::string lines;
    for (uint64_t row = 0; row < rows; ++row) {
      const double x = UnitInterval(HashWords(seed, row)),
                   y = UnitInterval(HashWords(seed, row, 1));
      lines += std::to_string(20'000 + 9'000 * std::fabs(x - y)) + " 1:" + std::to_string(x) +
               " 2:" + std::to_string(y) + "\n";
    }
    return lines;
  };
  TrainOptions options = Mlp(Write(directory, "train.libsvm", text(1, 4'000)));
  options.valid = {Write(directory, "valid.libsvm", text(2, 400))};
  options.learning_rate = 0.01;
  options.hidden = "16";
  options.save_dir = directory.PathOf("model");
  const TrainReport report = Train(options).value();
  CHECK(report.stop_metric == "logloss");
  // The labels' own variance is 4.5 million.
  CHECK(report.epochs.back().valid_logloss < 250'000);
  CHECK(std::isnan(report.epochs.back().valid_accuracy));
  const auto predictions =
      PredictionsOf({.model_dir = options.save_dir, .data = options.valid, .format = "libsvm"});
  REQUIRE(predictions.size() == 400);
  for (const auto& row : predictions) CHECK((row[0] > 18'000 && row[0] < 31'000));
}

TEST_CASE("mlp: labels beyond the classes, and images of another size, are told by place",
          "[mlp]") {
  const TempDirectory directory;
  TrainOptions options = Mlp(WriteImages(directory, "train", 300));
  options.hidden = "4";
  options.epochs = 1;
  options.classes = 2;
  const absl::Status outside = Train(options).status();
  CHECK(ExitCode(outside) == 3);
  CHECK_THAT(std::string(MessageOf(outside)),
             Catch::Contains(options.train[0] + ": image ") &&
                 Catch::Contains("label is not one of the 2 classes 0 .. 1"));
  options.classes = 0;
  options.save_dir = directory.PathOf("model");
  REQUIRE(Train(options).ok());
  const std::string wide = WriteImages(directory, "wide", 20, 5);
  const absl::Status other = Evaluate({.model_dir = options.save_dir, .data = {wide}}).status();
  CHECK(ExitCode(other) == 3);
  CHECK(MessageOf(other) == wide + ": the model takes images of 16 pixels, and this file has 20");
  options.save_dir.clear();
  options.valid = {wide};
  const absl::Status valid = Train(options).status();
  CHECK(ExitCode(valid) == 3);
  CHECK_THAT(std::string(MessageOf(valid)), Catch::Contains("images of 16 pixels"));
  const std::string many = WriteImages(directory, "many", 100, 4, 5);
  const absl::Status label =
      Evaluate({.model_dir = directory.PathOf("model"), .data = {many}}).status();
  CHECK(ExitCode(label) == 3);
  CHECK_THAT(std::string(MessageOf(label)), Catch::Contains("the 3 classes"));
}

}  // namespace
}  // namespace cairn
