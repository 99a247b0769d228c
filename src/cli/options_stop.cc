#include <limits>
#include <vector>

#include "cli/options_sections.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

constexpr double kLimitMax = 1e9;  // Of metrics and seconds: more is the same as without the rule.

}  // namespace

std::vector<OptionSpec> StopOptions() {
  return {
      {.name = "epochs",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Stop",
       .help = "Passes over the data; by default by the model and the data",
       .commands = kTrain,
       .counts = {.min = 1, .max = 1'000'000},
       .other_names = {"passes"}},
      {.name = "max-steps",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Stop",
       .help = "At most so many batches in all",
       .commands = kTrain,
       .counts = {.min = 1}},
      {.name = "max-seconds",
       .kind = Kind::kReal,
       .metavar = "N",
       .section = "Stop",
       .help = "End with the first epoch that takes the training beyond this time",
       .commands = kTrain,
       .reals = {.min = 0, .max = kLimitMax, .min_is_legal = false}},
      {.name = "stop-metric",
       .kind = Kind::kChoice,
       .metavar = "METRIC",
       .section = "Stop",
       .help = "Of the --valid data, for the next three; logloss is the model's loss, whichever it "
               "is, and auto the first of the others that there is",
       .fallback = "auto",
       .commands = kTrain,
       .choices = {"auto", "auc", "accuracy", "logloss"}},
      {.name = "target",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Stop",
       .help = "End when the metric is this good",
       .commands = kTrain,
       .reals = {.min = 0, .max = kLimitMax, .min_is_legal = false}},
      {.name = "patience",
       .kind = Kind::kCount,
       .metavar = "EPOCHS",
       .section = "Stop",
       .help = "End after so many epochs in which the metric has not got better; the model is then "
               "that "
               "of the best epoch",
       .commands = kTrain,
       .counts = {.min = 1, .max = std::numeric_limits<uint32_t>::max()}},
      {.name = "min-delta",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Stop",
       .help = "Less than this is no better, for --patience",
       .fallback = "0",
       .commands = kTrain,
       .reals = {.max = kLimitMax}},
      {.name = "relative-change",
       .kind = Kind::kReal,
       .metavar = "SHARE",
       .section = "Stop",
       .help = "End when an epoch changes the training loss by less than this share",
       .commands = kTrain,
       .reals = {.min = 0, .max = 1, .min_is_legal = false}},
  };
}

}  // namespace cairn
