#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"
#include "cluster/linear_data.h"

namespace cairn {
namespace {

TEST_CASE("A preview has what Train would have, and what it would cost", "[preview]") {
  const TempDirectory directory;
  TrainOptions options;
  options.train = {WriteLinearData(directory, "train", 2000, 1)};
  options.valid = {WriteLinearData(directory, "valid", 300, 2)};
  options.save_dir = directory.PathOf("model");
  const TrainPreview preview = PreviewTraining(options).value();
  CHECK(preview.rows_estimate == Approx(2000).epsilon(0.05));
  CHECK(preview.features_per_row > 0);
  CHECK(preview.batches_per_epoch > 0);
  CHECK_THAT(preview.data, Catch::StartsWith("1 file, "));
  CHECK_THAT(preview.valid_data, Catch::StartsWith("1 file, "));
  REQUIRE_FALSE(preview.tables.empty());
  double bytes = 0;
  for (const TrainPreview::Table& table : preview.tables) {
    bytes += table.rows_estimate * static_cast<double>(table.row_bytes);
  }
  CHECK(preview.model_bytes_estimate == Approx(bytes));
  const std::map<std::string, std::string> settings(preview.settings.begin(),
                                                    preview.settings.end());
  CHECK(settings.at("save") == options.save_dir);
  const TrainReport report = Train(options).value();
  CHECK(report.settings == preview.settings);
  CHECK(report.data == preview.data);
  // Rows of the sparse tables at the end: the sample was all of this data.
  CHECK(preview.features_estimate == Approx(static_cast<double>(report.features)).margin(2));
}

TEST_CASE("A preview fails as the training would", "[preview]") {
  TrainOptions options;
  CHECK(ExitCode(PreviewTraining(options).status()) == 2);
  options.train = {"/nowhere/data"};
  CHECK(ExitCode(PreviewTraining(options).status()) == 3);
  const TempDirectory directory;
  options.train = {WriteLinearData(directory, "train", 200, 1)};
  options.cluster = "nowhere";
  CHECK(ExitCode(PreviewTraining(options).status()) == 2);
  options.cluster = "embedded";
  const auto save_to = [&](const std::string& save_dir) {
    options.save_dir = save_dir;
    const absl::Status preview = PreviewTraining(options).status();
    CHECK(ExitCode(preview) == ExitCode(Train(options).status()));
    return std::string(MessageOf(preview));
  };
  options.epochs = 1;
  CHECK(save_to("").empty());
  CHECK_THAT(save_to(options.train[0] + "/model"), Catch::EndsWith("; choose another directory"));
  options.save_dir = directory.PathOf("model");
  REQUIRE(Train(options).ok());
  CHECK_THAT(save_to(options.save_dir), Catch::StartsWith("there is a model in "));
  options.save_dir.clear();
  options.train = {directory.PathOf("labels")};
  std::ofstream(options.train[0]) << "1 0:1:1\n7 0:2:1\n";
  const absl::Status labels = PreviewTraining(options).status();
  CHECK(ExitCode(labels) == 3);
  CHECK(labels == Train(options).status());
  CHECK_THAT(std::string(MessageOf(labels)), Catch::Contains("label of two classes"));
}

}  // namespace
}  // namespace cairn
