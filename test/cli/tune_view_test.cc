#include "cli/tune_view.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "cli/options.h"

namespace cairn {
namespace {

TuneTrial Trial(const std::string& lr, double loss, uint64_t epochs) {
  TuneTrial trial;
  trial.settings = {{"lr", lr}, {"l2", "2.5"}};
  trial.epochs = epochs;
  trial.last.valid_logloss = loss;
  trial.last.valid_auc = 0.75;
  trial.seconds = 1.25;
  return trial;
}

struct Screen {
  std::ostringstream out, err;
  Console console{&out, &err};

  std::string TakeOut() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

TEST_CASE("Trials are rows of a table, each once, and the end says what is best", "[tune_view]") {
  Screen screen;
  TuneView view(&screen.console);
  TuneProgress progress;
  view.Update(progress);
  CHECK(screen.TakeOut().empty());
  progress.done = {Trial("0.3", 0.5, 3)};
  progress.done[0].is_default = true;
  view.Update(progress);
  view.Update(progress);
  CHECK(screen.TakeOut() ==
        "trial  epochs        lr        l2   valid loss  valid auc  seconds\n"
        "    1       3       0.3       2.5      0.50000     0.7500      1.2  defaults\n");
  TuneReport report;
  report.trials = progress.done;
  report.trials.push_back(Trial("0.1", 0.4, 3));
  report.trials.push_back(Trial("9", 0, 3));
  report.trials[2].diverged = true;
  report.best = 1;
  report.defaults_are_as_good = false;
  report.data = "1 file";
  report.notes = {"mind the labels"};
  report.time_was_up = true;
  view.End(report);
  CHECK(screen.TakeOut() ==
        "    2       3       0.1       2.5      0.40000     0.7500      1.2\n"
        "    3       3         9       2.5     diverged\n"
        "data   1 file\n"
        "time   was up after 3 trials: those with 3 epochs are compared\n"
        "best   lr 0.1 l2 2.5: valid loss 0.40000, of the defaults 0.50000\n");
  CHECK(screen.err.str() == "note   mind the labels\n");
  report.defaults_are_as_good = true;
  report.time_was_up = false;
  view.End(report);
  CHECK_THAT(screen.TakeOut(), Catch::EndsWith("best   the defaults are as good as anything that "
                                               "was tried: valid loss 0.50000\n"));
}

TEST_CASE("On a terminal, the trial under way is shown", "[tune_view]") {
  Screen screen;
  screen.console.err_is_terminal = true;
  TuneView view(&screen.console);
  TuneProgress progress;
  progress.under_way = {{"lr", "0.1"}};
  progress.trials = 20;
  progress.training.epoch = 2;
  progress.training.epochs = 6;
  view.Update(progress);
  CHECK(screen.err.str() == "\rtrial 1 of about 20  lr 0.1  epoch 2/6\x1b[K");
}

TEST_CASE("What was given and what is advised make a command line, and a file", "[tune_view]") {
  const std::vector<std::string> arguments = {"--train",  "a b",     "c", "--label",
                                              "delay>15", "--model", "fm"};
  const OptionValues values =
      ParseOptions(OptionsOf(CommandOf(CommandSpec::kTrain)), arguments).value();
  const TuneSettings advice = {{"l2-v", "12"}, {"lr", "0.1"}};
  CHECK(TrainCommandLine(values, advice) ==
        "cairn train --model fm --train 'a b' c --label 'delay>15' --lr 0.1 --l2-v 12");
  CHECK(TrainCommandLine(values, {}) ==
        "cairn train --model fm --train 'a b' c --label 'delay>15'");
  const std::string file = TrainSettingsFile(values, advice);
  CHECK_THAT(file, Catch::StartsWith("# By cairn tune, for cairn train --config.\n\n[model]\n"));
  CHECK_THAT(file, Catch::Contains("model = \"fm\"\n") &&
                       Catch::Contains("train = [\"a b\", \"c\"]\n") &&
                       Catch::Contains("\n[learning]\nlr = 0.1\n") &&
                       Catch::Contains("\n[vectors]\nl2-v = 12\n"));
}

}  // namespace
}  // namespace cairn
