// Train, Evaluate and Predict with a model of the caller's own.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"
#include "cluster/linear_data.h"

namespace cairn {
namespace {

// Predicts a number for each feature and adds them up, by absolute error. Its options are the
// optimizer's epsilon.
class Sums final : public CustomModel {
 public:
  explicit Sums(const OptimizerSpec& optimizer) : optimizer_(optimizer) {}

  Labels labels() const override { return Labels::kNumbers; }
  std::vector<TableSpec> Tables() const override {
    std::vector<TableSpec> tables(1);
    tables[0].name = "parts";
    tables[0].parts[0].optimizer = optimizer_;
    return tables;
  }
  double Learn(const ModelBatch& batch, std::span<const ModelTable> tables) const override {
    std::vector<float> sums(batch.rows());
    Score(batch, tables, sums);
    double loss = 0;
    for (size_t row = 0; row < batch.rows(); ++row) {
      loss += Loss(sums[row], batch.labels[row]);
      const float slope = sums[row] > batch.labels[row] ? 1.0f : -1.0f;
      for (size_t i = batch.offsets[row]; i < batch.offsets[row + 1]; ++i) {
        tables[0].gradient(i)[0] += slope * batch.value(i);
      }
    }
    return loss;
  }
  void Score(const ModelBatch& batch, std::span<const ModelTable> tables,
             std::span<float> scores) const override {
    for (size_t row = 0; row < batch.rows(); ++row) {
      for (size_t i = batch.offsets[row]; i < batch.offsets[row + 1]; ++i) {
        scores[row] += tables[0].row(i)[0] * batch.value(i);
      }
    }
  }
  double Loss(float score, float label) const override { return std::abs(score - label); }

 private:
  const OptimizerSpec optimizer_;
};

absl::StatusOr<std::unique_ptr<CustomModel>> MakeSums(const ModelSpec& spec) {
  OptimizerSpec optimizer = spec.optimizer;
  optimizer.epsilon = std::stof("0" + spec.options);
  if (optimizer.epsilon == 0) return InvalidArgument("options: a number above 0");
  return std::make_unique<Sums>(optimizer);
}

// The sum of a and b, of 8 numbers each.
std::string WriteSums(const TempDirectory& directory, const std::string& name) {
  std::ofstream file(directory.PathOf(name));
  for (int row = 0; row < 640; ++row) {
    const int a = row % 8, b = row / 8 % 8;
    file << a + b << " " << a << ":1 " << 10 + b << ":1\n";
  }
  return directory.PathOf(name);
}

struct Sample {
  TempDirectory directory;
  std::string data = WriteSums(directory, "data");
  std::string model = directory.PathOf("model");

  TrainOptions ToTrain() const {
    TrainOptions options;
    options.model = "sums";
    options.models = {{"sums", MakeSums}};
    options.model_options = "1e-6";
    options.train = options.valid = {data};
    options.format = "libsvm";
    options.epochs = 40;
    options.learning_rate = 0.5;
    options.save_dir = model;
    options.partitions = 4;
    return options;
  }
  ScoreOptions ToScore() const {
    ScoreOptions options;
    options.models = {{"sums", MakeSums}};
    options.model_dir = model;
    options.data = {data};
    return options;
  }
};

std::string ErrorOf(const absl::Status& status) {
  CHECK(ExitCode(status) == 2);
  return std::string(MessageOf(status));
}

TEST_CASE("A model of one's own is trained, evaluated and used", "[own_model]") {
  const Sample sample;
  const TrainReport report = Train(sample.ToTrain()).value();
  CHECK(report.model == "sums");
  CHECK(report.stop_metric == "logloss");
  CHECK(report.features == 16);
  const EpochReport& last = report.epochs.back();
  CHECK(last.valid_logloss < 0.2);
  CHECK(last.train_logloss < 0.3);
  CHECK(std::isnan(last.valid_auc));
  const EvalReport evaluated = Evaluate(sample.ToScore()).value();
  CHECK(evaluated.model == "sums");
  CHECK(evaluated.loss == "own");
  CHECK(evaluated.logloss == Approx(last.valid_logloss));
  std::vector<float> predictions;
  REQUIRE(Predict(sample.ToScore(), [&](std::span<const float> prediction) {
            predictions.insert(predictions.end(), prediction.begin(), prediction.end());
            return absl::OkStatus();
          }).status() == absl::OkStatus());
  REQUIRE(predictions.size() == 640);
  CHECK(predictions[63] == Approx(14).margin(1));
}

TEST_CASE("A saved model of somebody's own is carried on by who has it, and by nobody else",
          "[own_model]") {
  const Sample sample;
  const TrainReport first = Train(sample.ToTrain()).value();
  TrainOptions more = sample.ToTrain();
  more.init_dir = sample.model;
  more.save_dir = "";
  more.epochs = 1;
  CHECK(Train(more).value().epochs[0].train_logloss < 1);
  more.model = "lr";
  more.model_options = "";
  CHECK_THAT(ErrorOf(Train(more).status()), Catch::Contains("\"parts\""));
  ScoreOptions without = sample.ToScore();
  without.models = {};
  CHECK_THAT(ErrorOf(Evaluate(without).status()),
             Catch::Contains(" is \"sums\", which a program has brought itself"));
}

TEST_CASE("Options that a model of one's own does not take are refused", "[own_model]") {
  const Sample sample;
  const auto error = [](const TrainOptions& options) {
    return ErrorOf(PreviewTraining(options).status());
  };
  TrainOptions options = sample.ToTrain();
  options.loss = "squared";
  CHECK_THAT(error(options), Catch::Contains("sums has its own loss"));
  options = sample.ToTrain();
  options.dim = 4;
  CHECK_THAT(error(options), Catch::Contains("--dim is for --model fm"));
  options = sample.ToTrain();
  options.model_options = "";
  CHECK(error(options) == "model sums: options: a number above 0");
  options.model_options = "1\n2";
  CHECK_THAT(error(options), Catch::Contains("a line break"));
  options.models = {};
  options.model_options = "";
  CHECK(error(options) ==
        "unknown model \"sums\"; known: lr, fm, ffm, mlp, wide_deep, deepfm, count");
  options.model = "lr";
  options.model_options = "1";
  CHECK_THAT(error(options), Catch::Contains("model_options are for one of TrainOptions::models"));
  options = sample.ToTrain();
  options.stop_metric = "auc";
  CHECK_THAT(error(options), Catch::Contains("there is none with --loss own"));
}

}  // namespace
}  // namespace cairn
