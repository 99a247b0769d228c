#include <utility>
#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

// Of what weights are multiplied with: far beyond sense, far within a float.
constexpr double kFactorMax = 1e6;
constexpr double kRateMax = 1e30;  // What is too large is found out by trying, and told.

std::vector<OptionSpec> LossOptions() {
  return {
      {.name = "loss",
       .kind = Kind::kChoice,
       .metavar = "LOSS",
       .section = "Learning",
       .help = "What is learnt of the labels: logistic, of two classes; softmax, of classes 0, 1, "
               "..; squared, of a number. auto: of models with layers what they look like, else "
               "logistic. softmax is mlp's only",
       .fallback = "auto",
       .commands = kTrain,
       .choices = {"auto", "logistic", "softmax", "squared"}},
      {.name = "classes",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Learning",
       .help = "softmax: labels are 0 to N - 1; by default to the largest in a sample",
       .commands = kTrain,
       .counts = {.min = 2, .max = limits::kClassesMax}},
  };
}

std::vector<OptionSpec> StepOptions() {
  return {
      {.name = "optimizer",
       .kind = Kind::kChoice,
       .metavar = "NAME",
       .section = "Learning",
       .help = "How a gradient changes the weights; by default adagrad. mlp, wide_deep, "
               "deepfm: those of dense layers; by default adam",
       .commands = kTrain,
       .choices = {"sgd", "adagrad", "rowwise_adagrad", "ftrl", "adam"}},
      {.name = "update",
       .kind = Kind::kChoice,
       .metavar = "HOW",
       .section = "Learning",
       .help =
           "gradient: servers take one step for each batch. sequential: workers take one for each "
           "row, on their copy of a batch's weights; for sgd, adagrad and ftrl",
       .fallback = "gradient",
       .commands = kTrain,
       .choices = {"gradient", "sequential"}},
      {.name = "lr",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Learning rate; by default the model's. mlp, wide_deep, deepfm: of dense layers",
       .commands = kTrain,
       .reals = {.min = 0, .max = kRateMax, .min_is_legal = false},
       .other_names = {"learning-rate"}},
      {.name = "rate",
       .kind = Kind::kChoice,
       .metavar = "SCHEDULE",
       .section = "Learning",
       .help = "Of the learning rate: with warm-up and decay, or without",
       .fallback = "decay",
       .commands = kTrain,
       .choices = {"decay", "constant"}},
      {.name = "l1",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Pull towards 0 that makes weights exactly 0; with ftrl only",
       .fallback = "0",
       .commands = kTrain,
       .reals = {.max = kFactorMax}},
      {.name = "l2",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Prior of each feature per epoch; by default the model's",
       .commands = kTrain,
       .reals = {.max = kFactorMax}},
      {.name = "batch",
       .kind = Kind::kCount,
       .metavar = "ROWS",
       .section = "Learning",
       .help = "About so many rows in a step; by default by the data",
       .commands = kTrain,
       .counts = {.min = 1, .max = 1'000'000},
       .other_names = {"batch-size"}},
      {.name = "seed",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Learning",
       .help = "Of every random decision",
       .fallback = "1",
       .commands = kTrain},
  };
}

}  // namespace

std::vector<OptionSpec> LearningOptions() {
  std::vector<OptionSpec> options = LossOptions();
  for (OptionSpec& option : StepOptions()) options.push_back(std::move(option));
  return options;
}

}  // namespace cairn
