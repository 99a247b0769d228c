#include "cli/train_events.h"

#include <catch2/catch.hpp>
#include <string>

#include "cli/version.h"

namespace cairn {
namespace {

const std::string kInfo = "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":";

TEST_CASE("The beginning tells what runs where", "[train_events]") {
  TrainOptions options;
  options.workers = 2;
  options.mode = {Consistency::kSsp, 2};
  CHECK(BeginEvent(0, options) ==
        kInfo + "\"begin\",\"version\":\"" + std::string(Version()) +
            "\",\"model\":\"lr\",\"servers\":1,\"workers\":2,\"consistency\":\"ssp:2\","
            "\"partitions\":64}\n");
}

TEST_CASE("Progress has every figure, known or not", "[train_events]") {
  TrainProgress progress;
  progress.phase = "training";
  progress.epoch = 2;
  progress.epochs = 3;
  progress.epoch_share = 0.5;
  CHECK(ProgressEvent(0, progress, {}) ==
        kInfo +
            "\"progress\",\"phase\":\"training\",\"epoch\":2,\"epochs\":3,\"epoch_share\":0.5,"
            "\"rows\":0,\"loss\":null,\"recent_loss\":null,\"rows_per_second\":null,"
            "\"seconds_left\":null}\n");
  progress.rows = 10;
  progress.loss = 0.25;
  progress.waiting_for = "a server";
  progress.bytes_spooled = 7;
  progress.workers_lost = 2;
  progress.rollbacks = 1;
  progress.alarm = "full";
  CHECK(ProgressEvent(0, progress, {100, 0.5, 9}) ==
        kInfo +
            "\"progress\",\"phase\":\"training\",\"epoch\":2,\"epochs\":3,\"epoch_share\":0.5,"
            "\"rows\":10,\"loss\":0.25,\"recent_loss\":0.5,\"rows_per_second\":100,"
            "\"seconds_left\":9,\"bytes_spooled\":7,\"workers_lost\":2,\"rollbacks\":1,"
            "\"alarm\":\"full\",\"waiting_for\":\"a "
            "server\"}\n");
}

TEST_CASE("Epochs and the end have the fields of the report", "[train_events]") {
  CHECK(EpochEvent(0, {1, 1000, 0.5, 0.25, 0.75, 1.5, 0.875}) ==
        kInfo +
            "\"epoch\",\"epoch\":1,\"rows\":1000,\"train_logloss\":0.5,\"valid_logloss\":0.25,"
            "\"valid_auc\":0.75,\"valid_accuracy\":0.875,\"seconds\":1.5}\n");
  TrainReport report;
  report.stop_reason = "all epochs are done";
  report.rows = 2;
  report.features = 3;
  report.train_seconds = 4;
  report.rows_per_second = 0.5;
  report.peak_rss_bytes = 6;
  report.model_digest = "00ff";
  CHECK(EndEvent(0, report) ==
        kInfo +
            "\"end\",\"stop_reason\":\"all epochs are done\",\"rows\":2,\"features\":3,"
            "\"train_seconds\":4,\"rows_per_second\":0.5,\"peak_rss_bytes\":6,"
            "\"model_digest\":\"00ff\"}\n");
  report.best_epoch = 7;
  CHECK_THAT(EndEvent(0, report), Catch::EndsWith("\"00ff\",\"best_epoch\":7}\n"));
  CHECK_THAT(NoteEvent(0, "mind"), Catch::EndsWith("\"level\":\"warning\",\"event\":\"note\","
                                                   "\"message\":\"mind\"}\n"));
  CHECK(LogsEvent(0, "/logs") ==
        kInfo + "\"note\",\"message\":\"logs of the processes: /logs\"}\n");
  CHECK(DataEvent(0, "2 files") == kInfo + "\"data\",\"data\":\"2 files\"}\n");
}

}  // namespace
}  // namespace cairn
