#include "cli/options.h"

#include <array>
#include <utility>

#include "cli/options_sections.h"

namespace cairn {
namespace {

constexpr std::array<CommandSpec, 5> kCommands = {{
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
    {CommandSpec::kInspect, "inspect", "Look into a saved model, or turn it into text and back",
     "Checks every byte of a saved model, then shows what it is, how it was trained, statistics of "
     "each table, and its heaviest rows. --key shows one row, --dump writes the model as text "
     "(doc/model_text.md), --load makes a model of that text. Memory does not grow with the model.",
     "model-dir"},
    {CommandSpec::kDataGen, "data gen", "Generate click data with a known truth",
     "Writes libffm rows of 39 fields whose labels come from a known model: the same arguments "
     "give the same bytes. Test rows are others, of the same truth."},
}};

std::vector<OptionSpec> MakeTable() {
  std::vector<OptionSpec> table;
  for (const auto& part :
       {ModelOptions(), DataOptions(), LearningOptions(), StopOptions(), ClusterOptions(),
        GenerateOptions(), InspectionOptions(), OutputOptions()}) {
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
