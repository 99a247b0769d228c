// Training from files to a saved model, with every role in this process.
#include "cairn/train.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/linear_data.h"

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

TEST_CASE("bsp: the model is the same to the last bit, whoever trains it") {
  const Data data;
  TrainOptions options = data.Options();
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
