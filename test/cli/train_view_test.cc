#include "cli/train_view.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>
#include <string>

#include "cli/version.h"

namespace cairn {
namespace {

struct Screen {
  std::ostringstream out;
  std::ostringstream err;
  Console console{&out, &err};
  ManualTimeSource time;

  std::string TakeOut() { return Take(&out); }
  std::string TakeErr() { return Take(&err); }

 private:
  static std::string Take(std::ostringstream* stream) {
    std::string text = stream->str();
    stream->str("");
    return text;
  }
};

TrainProgress Training(uint64_t epoch, double share, uint64_t rows) {
  TrainProgress progress;
  progress.phase = "training";
  progress.epoch = epoch;
  progress.epochs = 3;
  progress.epoch_share = share;
  progress.rows = rows;
  progress.loss = 0.43981;
  return progress;
}

TEST_CASE("The heading says what runs where", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainOptions options;
  options.workers = 2;
  options.mode = {Consistency::kSsp, 2};
  view.Begin(options);
  CHECK(screen.TakeOut() ==
        "cairn " + std::string(Version()) + "  lr  1 server x 2 workers, ssp:2, 64 partitions\n");
}

TEST_CASE("Each epoch is one row of a table, whatever is not known is a dash", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainProgress progress = Training(2, 0, 0);
  progress.done = {{1, 180'064, 0.4212, 0.41006, 0.78124, 0.5}};
  view.Update(progress);
  const std::string heading =
      "epoch          rows   train loss   valid loss   valid auc     rows/s   seconds\n";
  CHECK(screen.TakeOut() ==
        heading +
            "    1       180,064       0.4212       0.4101      0.7812    360 k/s       0.5\n");
  view.Update(progress);
  CHECK(screen.TakeOut().empty());
  TrainReport report;
  report.epochs = progress.done;
  report.epochs.push_back({2, 2'000'000, 0.4, std::nan(""), std::nan(""), 1.5, std::nan("")});
  report.epochs.push_back({3, 500, 0.4, 0.4, 0.5, 2.5});
  report.data = "2 files";
  report.stop_reason = "all epochs are done";
  report.features = 43'210;
  report.model_digest = "0123";
  report.peak_rss_bytes = 210u << 20;
  TrainOptions options;
  options.save_dir = "model";
  report.notes = {"the state starts afresh"};
  view.End(options, report);
  CHECK(screen.TakeOut() ==
        "data   2 files\n"
        "    2     2,000,000       0.4000            -           -    2.0 M/s       1.5\n"
        "    3           500       0.4000       0.4000      0.5000     500 /s       2.5\n"
        "done   all epochs are done; 43,210 features; model digest 0123; peak memory 210.0 MiB\n"
        "saved  model\n");
  CHECK(screen.TakeErr() == "note   the state starts afresh\n");
}

TEST_CASE("Notes come before the first epoch, each once", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainProgress progress = Training(1, 0, 0);
  progress.notes = {"mind the labels"};
  view.Update(progress);
  view.Update(progress);
  CHECK(screen.TakeErr() == "note   mind the labels\n");
  TrainReport report;
  report.notes = {"mind the labels", "1 of 2 rows left out"};
  view.End({}, report);
  CHECK(screen.TakeErr() == "note   1 of 2 rows left out\n");
}

TEST_CASE("The last validation stands beside what a constant would have", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainReport report;
  report.epochs = {{1, 10, 0.5, 0.25, 0.7, 1, 0.75, 0.5, 0.625, 1.0625}};
  report.loss = "logistic";
  report.model_epoch = 1;
  view.End({}, report);
  CHECK_THAT(screen.TakeOut(),
             Catch::EndsWith("\nvalid  loss 0.2500, of a constant 0.5000; accuracy 0.7500, of the "
                             "commonest class 0.6250; calibration 1.062\n"));
  report.loss = "squared";
  report.epochs[0].valid_calibration = std::nan("");
  view.End({}, report);
  CHECK_THAT(screen.TakeOut(), Catch::EndsWith("\nvalid  rmse 0.5000, of the mean label 0.7071\n"));
}

TEST_CASE("The best epoch is told if it is not the last", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainReport report;
  const double auc[] = {0.6, 0.65, 0.66494, 0.66, 0.66, 0.6, 0.6};
  for (uint64_t i = 0; i < 7; ++i) report.epochs.push_back({i + 1, 10, 0.5, 0.5706, auc[i], 1});
  report.best_epoch = 3;
  report.model_epoch = 7;
  report.stop_metric = "auc";
  TrainOptions options;
  view.End(options, report);
  const std::string best =
      "\nbest   epoch 3: valid loss 0.5706, auc 0.6649; the model is that of epoch ";
  CHECK_THAT(screen.TakeOut(), Catch::EndsWith(best + "7; --patience 3 would have stopped at 6\n"));
  options.patience = 4;
  report.model_epoch = 3;
  view.End(options, report);
  CHECK_THAT(screen.TakeOut(), Catch::EndsWith(best + "3\n"));
  report.best_epoch = 7;
  view.End(options, report);
  CHECK_THAT(screen.TakeOut(), !Catch::Contains("best"));
}

TEST_CASE("Without a terminal, progress is one line every ten seconds", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  view.Begin({});
  view.Update(Training(1, 0, 0));
  screen.time.Advance(10 * kMicrosPerSecond - 1);
  view.Update(Training(1, 0.5, 100'000));
  CHECK(screen.TakeErr().empty());
  screen.time.Advance(1);
  view.Update(Training(1, 0.5, 100'000));
  CHECK(screen.TakeErr() == "epoch 1/3  50 %  loss 0.4398  10 k/s  50.0 s left\n");
  view.Update(Training(1, 0.6, 100'000));
  CHECK(screen.TakeErr().empty());
  screen.time.Advance(10 * kMicrosPerSecond);
  TrainProgress evaluating = Training(1, 1, 200'000);
  evaluating.phase = "evaluating";
  view.Update(evaluating);
  CHECK(screen.TakeErr() == "scoring the validation data\n");
}

TEST_CASE("The rate is that of the epoch under way", "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  TrainView view(&screen.console, &screen.time);
  view.Update(Training(1, 0, 0));
  screen.time.Advance(100 * kMicrosPerSecond);
  view.Update(Training(2, 0, 0));
  screen.time.Advance(kMicrosPerSecond);
  screen.TakeErr();
  view.Update(Training(2, 0.25, 2'500));
  CHECK(screen.TakeErr() == "\repoch 2/3  25 %  loss 0.4398  2500 /s  2 min 21 s left\x1b[K");
}

TEST_CASE("A terminal's line is refreshed, cut to its width, and gone when results come",
          "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  screen.console.err_columns = 12;
  TrainView view(&screen.console, &screen.time);
  view.Update(Training(1, 0.5, 1));
  CHECK(screen.TakeErr() == "\repoch 1/3  \x1b[K");
  TrainProgress progress = Training(2, 0, 0);
  progress.done = {{1, 10, 0.4, 0.4, 0.5, 0.5}};
  view.Update(progress);
  CHECK(screen.TakeErr() == "\r\x1b[K\repoch 2/3  \x1b[K");
  view.ClearProgress();
  CHECK(screen.TakeErr() == "\r\x1b[K");
  view.ClearProgress();
  CHECK(screen.TakeErr().empty());
}

TEST_CASE("Input that is read from a pipe first is told in bytes", "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  screen.console.err_columns = 80;
  TrainView view(&screen.console, &screen.time);
  TrainProgress progress;
  progress.phase = "spooling";
  progress.bytes_spooled = 3 << 20;
  view.Update(progress);
  CHECK(screen.TakeErr() == "\rreading the input: 3.0 MiB\x1b[K");
}

TEST_CASE("The data is described once, as soon as it is known", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainProgress progress = Training(1, 0, 0);
  view.Update(progress);
  CHECK(screen.TakeOut().empty());
  progress.data = "2 files";
  view.Update(progress);
  view.Update(progress);
  CHECK(screen.TakeOut() == "data   2 files\n");
  TrainReport report;
  report.data = "2 files";
  view.End({}, report);
  CHECK(screen.TakeOut().find("data") == std::string::npos);
}

TEST_CASE("What is waited for is said, whatever goes on", "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  TrainView view(&screen.console, &screen.time);
  TrainProgress progress;
  progress.phase = "forming";
  progress.waiting_for = "1 of 2 servers";
  view.Update(progress);
  CHECK(screen.TakeErr() == "\rforming the cluster  waiting for 1 of 2 servers\x1b[K");
  progress = Training(1, 0.5, 0);
  progress.waiting_for = "a worker";
  progress.workers_lost = 1;
  view.Update(progress);
  CHECK(screen.TakeErr() == "\repoch 1/3  50 %  lost 1 worker  waiting for a worker\x1b[K");
  progress = Training(1, 0.5, 0);
  progress.rollbacks = 2;
  progress.alarm = "checkpoint 8 was given up: the disk is full";
  view.Update(progress);
  CHECK(screen.TakeErr() ==
        "\repoch 1/3  50 %  went back 2 times  checkpoint 8 was given up: the disk is full\x1b[K");
}

TEST_CASE("A loss that changes is shown as it is now", "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  TrainView view(&screen.console, &screen.time);
  view.Update(Training(1, 0, 100));
  screen.time.Advance(kMicrosPerSecond);
  TrainProgress progress = Training(1, 0.5, 200);
  progress.loss = 0.42;
  screen.TakeErr();
  view.Update(progress);
  CHECK(screen.TakeErr() == "\repoch 1/3  50 %  loss 0.4200  now 0.4002  100 /s\x1b[K");
}

TEST_CASE("As JSON, standard error has events only, terminal or not", "[train_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  screen.console.err_is_json = true;
  screen.console.unix_micros = [] { return Micros{0}; };
  TrainView view(&screen.console, &screen.time);
  view.Begin({});
  CHECK_THAT(screen.TakeErr(), Catch::Contains("\"event\":\"begin\",\"version\":"));
  TrainProgress progress = Training(1, 0.5, 100);
  progress.data = "2 files";
  view.Update(progress);
  CHECK_THAT(screen.TakeErr(), Catch::EndsWith("\"event\":\"data\",\"data\":\"2 files\"}\n"));
  view.Update(progress);
  CHECK(screen.TakeErr().empty());
  screen.time.Advance(10 * kMicrosPerSecond);
  progress.done = {{1, 10, 0.4, 0.4, 0.5, 0.5}};
  view.Update(progress);
  const std::string lines = screen.TakeErr();
  CHECK_THAT(lines, Catch::Contains("\"event\":\"epoch\",\"epoch\":1,"));
  CHECK_THAT(lines, Catch::Contains("\"event\":\"progress\",\"phase\":\"training\",\"epoch\":1,"));
  view.End({}, {});
  view.ClearProgress();
  CHECK_THAT(screen.TakeErr(), Catch::Contains("\"event\":\"end\",\"stop_reason\":"));
}

TEST_CASE("Of classes, the accuracy is shown", "[train_view]") {
  Screen screen;
  TrainView view(&screen.console, &screen.time);
  TrainReport report;
  report.stop_metric = "accuracy";
  report.epochs = {{1, 10, 0.5, 0.4, std::nan(""), 1, 0.875},
                   {2, 10, 0.5, 0.6, std::nan(""), 2, 0.75}};
  report.best_epoch = 1;
  report.model_epoch = 2;
  view.End({}, report);
  const std::string out = screen.TakeOut();
  CHECK_THAT(out, Catch::Contains("accuracy") && Catch::Contains("0.8750"));
  CHECK_THAT(out, !Catch::Contains("auc"));
  CHECK_THAT(out,
             Catch::EndsWith("\nbest   epoch 1: valid loss 0.4000, accuracy 0.8750; the model is "
                             "that of epoch 2\n"));
}

}  // namespace
}  // namespace cairn
