#include "cli/report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

namespace cairn {
namespace {

TrainReport SampleReport() {
  TrainReport report;
  report.model = "lr";
  report.data = "1 file";
  report.settings = {
      {"optimizer", "adagrad"}, {"lr", "0.3"}, {"epochs", "12"}, {"train", "a\nb"}, {"new", "1"}};
  report.rows = 2000;
  report.bad_rows = 2;
  report.first_bad_row = "/d:3:1: what";
  report.features = 77;
  report.setup_seconds = 0.25;
  report.train_seconds = 2;
  report.rows_per_second = 1000;
  report.peak_rss_bytes = 1 << 20;
  report.model_digest = "00ff";
  report.stop_reason = "all epochs are done";
  report.loss = "squared";
  report.notes = {"the state starts afresh"};
  report.best_epoch = report.model_epoch = 1;
  report.epochs = {{1, 1000, 0.5, 0.25, std::nan(""), 1.5, 0.875, 0.75, 0.5, 1.5}};
  return report;
}

TEST_CASE("The report of a training has the fields that the documentation promises", "[report]") {
  TrainOptions options;
  options.servers = 3;
  options.workers = 2;
  CHECK(TrainReportAsJson(options, SampleReport()) == R"({
  "model": "lr",
  "cluster": "embedded",
  "servers": 3,
  "workers": 2,
  "data": "1 file",
  "settings": {
    "optimizer": "adagrad",
    "lr": 0.3,
    "epochs": 12,
    "train": [
      "a",
      "b"
    ],
    "new": "1"
  },
  "rows": 2000,
  "bad_rows": 2,
  "first_bad_row": "/d:3:1: what",
  "features": 77,
  "setup_seconds": 0.25,
  "train_seconds": 2,
  "rows_per_second": 1000,
  "peak_rss_bytes": 1048576,
  "bytes_sent": 0,
  "bytes_received": 0,
  "frames_refused": 0,
  "model_digest": "00ff",
  "stop_reason": "all epochs are done",
  "loss": "squared",
  "notes": [
    "the state starts afresh"
  ],
  "best_epoch": 1,
  "model_epoch": 1,
  "epochs": [
    {
      "epoch": 1,
      "rows": 1000,
      "train_loss": 0.5,
      "valid_loss": 0.25,
      "train_logloss": 0.5,
      "valid_logloss": 0.25,
      "valid_auc": null,
      "valid_accuracy": 0.875,
      "valid_rmse": 0.5,
      "valid_baseline_loss": 0.75,
      "valid_baseline_accuracy": 0.5,
      "valid_calibration": 1.5,
      "seconds": 1.5
    }
  ]
}
)");
}

TEST_CASE("What is not known of a training is not in its report", "[report]") {
  const std::string json = TrainReportAsJson({}, {});
  CHECK(json.find("bad_row") == std::string::npos);
  CHECK(json.find("best_epoch") == std::string::npos);
}

TEST_CASE("The report of an evaluation", "[report]") {
  const EvalReport report{"lr", 10,    1,     "/d:3:1: what", "logistic", 0.5,
                          0.75, 0.625, 0.125, 0.6875,         0.875,      1.25};
  CHECK(EvalReportAsJson(report) == R"({
  "model": "lr",
  "rows": 10,
  "bad_rows": 1,
  "first_bad_row": "/d:3:1: what",
  "loss": "logistic",
  "mean_loss": 0.5,
  "logloss": 0.5,
  "auc": 0.75,
  "accuracy": 0.625,
  "baseline_loss": 0.6875,
  "baseline_accuracy": 0.875,
  "calibration": 1.25,
  "seconds": 0.125
}
)");
}

}  // namespace
}  // namespace cairn
