#include "cli/options.h"

#include <array>
#include <limits>

#include "base/status.h"
#include "sharding/consistency.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;
constexpr uint32_t kDataGen = CommandSpec::kDataGen;
constexpr uint32_t kPredict = CommandSpec::kPredict;
constexpr uint32_t kScore = CommandSpec::kEval | kPredict;

constexpr uint64_t kU32Max = std::numeric_limits<uint32_t>::max();
// More threads or roles than that in one process is a slip of the keyboard.
constexpr uint64_t kThreadsMax = 1'024;

constexpr std::array<CommandSpec, 4> kCommands = {{
    {CommandSpec::kTrain, "train", "Train a model on files of data",
     "Trains a model on files of libsvm or libffm rows and prints a line for each epoch. "
     "Everything "
     "runs in this process. What is not set is chosen by the model and a sample of the data, never "
     "by the number of workers or servers; --report tells what held."},
    {CommandSpec::kEval, "eval", "Score data with a saved model",
     "Prints the log loss and the area under the ROC curve of a saved model on labelled data."},
    {CommandSpec::kPredict, "predict", "Write the probability of every row of data",
     "Writes one probability a line, in the order of the data, with up to 9 significant digits. "
     "The output appears under its name once it is complete."},
    {CommandSpec::kDataGen, "data gen", "Generate click data with a known truth",
     "Writes libffm rows of 39 fields whose labels come from a known model: the same arguments "
     "give the same bytes. Test rows are others, of the same truth."},
}};

absl::Status CheckConsistency(std::string_view text) { return ParseConsistency(text).status(); }

std::vector<OptionSpec> ModelOptions() {
  return {
      {.name = "model",
       .kind = Kind::kChoice,
       .metavar = "MODEL",
       .section = "Model",
       .help = "lr is logistic regression",
       .fallback = "lr",
       .commands = kTrain,
       .choices = {"lr"}},
      {.name = "model-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "A model that cairn train has saved",
       .required = true,
       .commands = kScore},
      {.name = "init",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "Start from this saved model",
       .commands = kTrain},
      {.name = "save",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Model",
       .help = "Save the model here at the end; must not hold one yet",
       .commands = kTrain},
  };
}

std::vector<OptionSpec> DataOptions() {
  return {
      {.name = "train",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to learn from, plain or zstd",
       .required = true,
       .commands = kTrain},
      {.name = "valid",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to score after every epoch",
       .commands = kTrain},
      {.name = "data",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to score, plain or zstd",
       .required = true,
       .commands = kScore},
      {.name = "format",
       .kind = Kind::kChoice,
       .metavar = "FORMAT",
       .section = "Data",
       .help = "Of all these files; auto looks at the first rows",
       .fallback = "auto",
       .commands = kTrain | kScore,
       .choices = {"auto", "libsvm", "libffm"}},
      {.name = "max-bad-rows",
       .kind = Kind::kReal,
       .metavar = "SHARE",
       .section = "Data",
       .help = "Leave out up to this share of rows that cannot be parsed",
       .fallback = "0",
       .commands = kTrain | kScore,
       .reals = {.min = 0, .max = 1}},
      {.name = "order",
       .kind = Kind::kChoice,
       .metavar = "ORDER",
       .section = "Data",
       .help = "Of the rows in an epoch: another one each time, or the files' own",
       .fallback = "shuffled",
       .commands = kTrain,
       .choices = {"shuffled", "file"}},
  };
}

std::vector<OptionSpec> LearningOptions() {
  return {
      {.name = "optimizer",
       .kind = Kind::kChoice,
       .metavar = "NAME",
       .section = "Learning",
       .help = "How a gradient changes the weights; the model's default is adagrad",
       .commands = kTrain,
       .choices = {"sgd", "adagrad", "rowwise_adagrad", "ftrl", "adam"}},
      {.name = "lr",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Learning rate; by default the model's",
       .commands = kTrain,
       .reals = {.min = 0, .min_is_legal = false}},
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
       .commands = kTrain},
      {.name = "l2",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "Learning",
       .help = "Prior of each feature per epoch; by default the model's",
       .commands = kTrain},
      {.name = "batch",
       .kind = Kind::kCount,
       .metavar = "ROWS",
       .section = "Learning",
       .help = "About so many rows in a step; by default by the data",
       .commands = kTrain,
       .counts = {.min = 1, .max = 1'000'000}},
      {.name = "seed",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Learning",
       .help = "Of every random decision",
       .fallback = "1",
       .commands = kTrain},
  };
}

std::vector<OptionSpec> EndOptions() {
  return {
      {.name = "epochs",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "End of training",
       .help = "Passes over the data; by default by the model and the data",
       .commands = kTrain,
       .counts = {.min = 1, .max = 1'000'000}},
      {.name = "max-steps",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "End of training",
       .help = "At most so many batches in all",
       .commands = kTrain,
       .counts = {.min = 1}},
      {.name = "max-seconds",
       .kind = Kind::kReal,
       .metavar = "N",
       .section = "End of training",
       .help = "End with the first epoch that takes the training beyond this time",
       .commands = kTrain,
       .reals = {.min = 0, .min_is_legal = false}},
      {.name = "stop-metric",
       .kind = Kind::kChoice,
       .metavar = "METRIC",
       .section = "End of training",
       .help = "Of the --valid data, for the next three",
       .fallback = "auc",
       .commands = kTrain,
       .choices = {"auc", "logloss"}},
      {.name = "target",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "End of training",
       .help = "End when the metric is this good",
       .commands = kTrain,
       .reals = {.min = 0, .min_is_legal = false}},
      {.name = "patience",
       .kind = Kind::kCount,
       .metavar = "EPOCHS",
       .section = "End of training",
       .help = "End after so many epochs in which the metric has not got better",
       .commands = kTrain,
       .counts = {.min = 1, .max = kU32Max}},
      {.name = "min-delta",
       .kind = Kind::kReal,
       .metavar = "X",
       .section = "End of training",
       .help = "Less than this is no better, for --patience",
       .fallback = "0",
       .commands = kTrain},
      {.name = "relative-change",
       .kind = Kind::kReal,
       .metavar = "SHARE",
       .section = "End of training",
       .help = "End when an epoch changes the training loss by less than this share",
       .commands = kTrain,
       .reals = {.min = 0, .max = 1, .min_is_legal = false}},
  };
}

std::vector<OptionSpec> ClusterOptions() {
  return {
      {.name = "cluster",
       .kind = Kind::kChoice,
       .metavar = "WHERE",
       .section = "Cluster",
       .help = "embedded: all roles are threads of this process",
       .fallback = "embedded",
       .commands = kTrain,
       .choices = {"embedded"}},
      {.name = "consistency",
       .kind = Kind::kText,
       .metavar = "MODE",
       .section = "Cluster",
       .help =
           "asp: nobody waits. ssp:K: nobody is more than K steps ahead. bsp: all step together, "
           "and the model is the same to the last bit on any cluster",
       .fallback = "asp",
       .commands = kTrain,
       .check = CheckConsistency},
      {.name = "streams",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Sequences of batches that bsp and ssp cut the data into; not with asp",
       .commands = kTrain,
       .counts = {.min = 1, .max = 65'536}},
      {.name = "partitions",
       .kind = Kind::kPowerOfTwo,
       .metavar = "N",
       .section = "Cluster",
       .help = "Pieces of the model that servers share out",
       .fallback = "64",
       .commands = kTrain,
       .counts = {.min = 1, .max = 65'536}},
      {.name = "servers",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Servers that hold the model",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "executors",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Threads of each server",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "workers",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Workers that read data and compute gradients",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
      {.name = "threads",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Cluster",
       .help = "Reading threads of each worker",
       .fallback = "1",
       .commands = kTrain,
       .counts = {.min = 1, .max = kThreadsMax}},
  };
}

std::vector<OptionSpec> OutputOptions() {
  return {
      {.name = "report",
       .kind = Kind::kText,
       .metavar = "FILE.json",
       .section = "Output",
       .help = "Write settings and results here",
       .commands = kTrain | CommandSpec::kEval},
      {.name = "rows",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Rows of the output",
       .required = true,
       .commands = kDataGen,
       .counts = {.min = 1}},
      {.name = "features",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "About so many different features, some of them rare",
       .fallback = "100000",
       .commands = kDataGen,
       .counts = {.min = 1'000, .max = uint64_t{1} << 40}},
      {.name = "seed",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Of the truth and of the rows",
       .fallback = "1",
       .commands = kDataGen},
      {.name = "test-rows",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Data",
       .help = "Rows of the test output",
       .commands = kDataGen,
       .counts = {.min = 1}},
      {.name = "output",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "Output",
       .help = "Where to write; - is standard output",
       .required = true,
       .commands = kPredict | kDataGen},
      {.name = "test-output",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "Output",
       .help = "Where the --test-rows go",
       .commands = kDataGen},
      {.name = "oracle",
       .kind = Kind::kSwitch,
       .section = "Output",
       .help = "Write the true probabilities too, one a line, next to each output: FILE.z",
       .commands = kDataGen},
  };
}

std::vector<OptionSpec> MakeTable() {
  std::vector<OptionSpec> table;
  for (const auto& part : {ModelOptions(), DataOptions(), LearningOptions(), EndOptions(),
                           ClusterOptions(), OutputOptions()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace

std::span<const CommandSpec> Commands() { return kCommands; }

std::vector<OptionSpec> OptionsOf(const CommandSpec& command) {
  std::vector<OptionSpec> options;
  for (OptionSpec& option : MakeTable()) {
    if ((option.commands & command.bit) != 0) options.push_back(std::move(option));
  }
  return options;
}

}  // namespace cairn
