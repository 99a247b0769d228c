// Evaluate and Predict on a model that was trained and saved here.
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"
#include "cluster/linear_data.h"

namespace cairn {
namespace {

class SavedModel {
 public:
  SavedModel() {
    TrainOptions options;
    options.train = {WriteLinearData(directory, "train", 3000, 1)};
    options.valid = {valid};
    options.epochs = 2;
    options.l2 = 0;
    options.partitions = 4;
    options.save_dir = directory.PathOf("model");
    trained = Train(options).value();
  }
  ScoreOptions Options() const {
    ScoreOptions options;
    options.model_dir = directory.PathOf("model");
    options.data = {valid};
    return options;
  }

  TempDirectory directory;
  std::string valid = WriteLinearData(directory, "valid", 500, 2);
  TrainReport trained;
};

TEST_CASE("Evaluate finds what the last epoch's validation found") {
  const SavedModel model;
  const EvalReport report = Evaluate(model.Options()).value();
  CHECK(report.model == "lr");
  CHECK(report.rows == 500);
  CHECK(report.auc == model.trained.epochs.back().valid_auc);
  CHECK(report.logloss == Approx(model.trained.epochs.back().valid_logloss));
}

TEST_CASE("Predict gives one probability a row, in the order of the data") {
  const SavedModel model;
  ScoreOptions options = model.Options();
  options.data = {model.directory.PathOf("three")};
  options.format = "libffm";
  // Surely 1, surely 0, and a row of features that the model has never seen: near the base rate.
  std::ofstream(options.data[0]) << "0 0:15:1 1:115:1\n0 0:0:1 1:100:1\n0 0:7777:1\n";
  std::vector<float> probabilities;
  REQUIRE(Predict(options, [&](std::span<const float> probability) {
            probabilities.push_back(probability[0]);
            return absl::OkStatus();
          }).status() == absl::OkStatus());
  REQUIRE(probabilities.size() == 3);
  CHECK(probabilities[0] > 0.9f);
  CHECK(probabilities[1] < 0.1f);
  CHECK(probabilities[2] > probabilities[1]);
  CHECK(probabilities[2] < probabilities[0]);
}

TEST_CASE("A row that cannot be read keeps its place in a prediction as NaN") {
  const SavedModel model;
  ScoreOptions options = model.Options();
  options.data = {model.directory.PathOf("some")};
  options.format = "libffm";
  std::ofstream(options.data[0]) << "0 what?\n0 0:15:1\n\n0 0:0:x\n0 0:0:1\n1 oops\n";
  std::vector<bool> is_nan;
  const auto predict = [&] {
    return Predict(options, [&](std::span<const float> probability) {
      is_nan.push_back(std::isnan(probability[0]));
      return absl::OkStatus();
    });
  };
  const absl::Status refused = predict().status();
  CHECK(ExitCode(refused) == 3);
  CHECK(MessageOf(refused).ends_with("; --max-bad-rows SHARE leaves such rows out"));
  CHECK(is_nan.empty());
  options.bad_rows_share = 0.6;
  const PredictReport report = predict().value();
  CHECK(is_nan == std::vector<bool>{true, false, true, false, true});
  CHECK(report.rows == 5);
  CHECK(report.bad_rows == 3);
  CHECK(report.first_bad_row.starts_with(options.data[0] + ":1:3: "));
  const EvalReport eval = Evaluate(options).value();
  CHECK(eval.rows == 2);
  CHECK(eval.bad_rows == 3);
  CHECK(eval.first_bad_row == report.first_bad_row);
}

TEST_CASE("Evaluate needs a row") {
  const SavedModel model;
  ScoreOptions options = model.Options();
  options.data = {model.directory.PathOf("none")};
  options.format = "libffm";
  std::ofstream(options.data[0]) << "\n\n";
  const absl::Status status = Evaluate(options).status();
  CHECK(ExitCode(status) == 3);
  CHECK(MessageOf(status) == options.data[0] + ": no rows in the data");
  std::ofstream(options.data[0]) << "what?\n";
  options.bad_rows_share = 1;
  CHECK(MessageOf(Evaluate(options).status()).starts_with(options.data[0] + ":1:1: "));
}

TEST_CASE("Predict stops at the first error of whoever takes the results") {
  const SavedModel model;
  int calls = 0;
  const absl::Status status = Predict(model.Options(), [&](std::span<const float>) {
                                ++calls;
                                return DataLoss("the disk is full");
                              }).status();
  CHECK(MessageOf(status) == "the disk is full");
  CHECK(calls == 1);
}

TEST_CASE("A damaged model is found and named, a missing one too") {
  const SavedModel model;
  ScoreOptions options = model.Options();
  for (const auto& entry : std::filesystem::directory_iterator(options.model_dir)) {
    if (entry.path().extension() != ".snapshot") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    const int old = file.peek();
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.put(static_cast<char>(old ^ 1));
  }
  const absl::Status damaged = Evaluate(options).status();
  CHECK(damaged.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(damaged).find(".snapshot") != std::string_view::npos);
  options.model_dir = model.directory.PathOf("nothing");
  const absl::Status missing = Evaluate(options).status();
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(missing).find("no saved model in") != std::string_view::npos);
}

}  // namespace
}  // namespace cairn
