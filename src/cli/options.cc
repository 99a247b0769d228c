#include "cli/options.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/check.h"
#include "base/option_sources.h"
#include "cli/options_sections.h"

namespace cairn {
namespace {

constexpr std::array<CommandSpec, 15> kCommands = {{
    {CommandSpec::kTrain, "train", "Train a model on files of data",
     "Trains a model on files of rows and prints a line for each epoch. By default all of it runs "
     "in this process; --cluster changes that. What is not set is chosen by the model and a sample "
     "of the data, never by the number of workers or servers; --report tells what held."},
    {CommandSpec::kEval, "eval", "Score data with a saved model",
     "Prints the log loss and the area under the ROC curve of a saved model on labelled data."},
    {CommandSpec::kPredict, "predict", "Write the probability of every row of data",
     "Writes one probability a line, in the order of the data, with up to 9 significant digits; of "
     "a row that --max-bad-rows leaves out, nan. The output appears under its name once it is "
     "complete."},
    {CommandSpec::kTune, "tune", "Find settings for a data set by trying",
     "Trains with one setting after the other in this process, scores each on rows that it holds "
     "out of --train (or on --valid), and says which settings to use, or that the defaults are as "
     "good. Rates, priors, dimensions and units are tried, those that are not given."},
    {CommandSpec::kInspect, "inspect", "Look into a saved model, or turn it into text and back",
     "Checks every byte of a saved model, then shows what it is, how it was trained, statistics of "
     "each table, and its heaviest rows. --key shows one row, --dump writes the model as text "
     "(doc/model_text.md), --load makes a model of that text. Memory does not grow with the "
     "model."},
    {CommandSpec::kCheckpointList, "checkpoint list", "List the checkpoints of a training",
     "Prints a line for each checkpoint in DIR, the newest last: when it was written, how far the "
     "training was, and whether all of its files are there with the sizes that they should have."},
    {CommandSpec::kCheckpointVerify, "checkpoint verify", "Read every byte of checkpoints",
     "Reads all files of each checkpoint in DIR against their checksums and prints a line for "
     "each. "
     "If one is damaged, that is said with file and place, and the exit code is 4; if none is "
     "complete, it is 3."},
    {CommandSpec::kCheckpointShow, "checkpoint show", "Show what a checkpoint is of",
     "Reads every byte of the newest complete checkpoint in DIR, then shows its job, how far that "
     "was, its epochs and tables. cairn inspect shows the model in it, down to single rows."},
    {CommandSpec::kCheckpointPrune, "checkpoint prune", "Remove old checkpoints",
     "Removes all checkpoints in DIR but the newest whole ones, and what is left of incomplete or "
     "damaged ones before those. It reads every byte of what it keeps; if none is whole, nothing "
     "is "
     "removed. A running job removes old ones by itself (--checkpoints-kept), and may still need "
     "what is removed here."},
    {CommandSpec::kDataGen, "data gen", "Generate click data with a known truth",
     "Writes libffm rows of 39 fields whose labels come from a known model: the same arguments "
     "give the same bytes. Test rows are others, of the same truth."},
    {CommandSpec::kDataStat, "data stat", "Count what is in data",
     "Reads all rows and prints how many there are, of which labels, with how many features, and "
     "where the first bad one is. Memory does not grow with plain files; compressed ones are "
     "unpacked in memory."},
    {CommandSpec::kStatus, "status", "Show how a running job goes",
     "Asks a coordinator and prints where its job is, what it waits for, the last epochs, and its "
     "members. It does not join the job. If nobody answers, the exit code is 5."},
    {CommandSpec::kConfigCheck, "config check", "Check a file of settings",
     "Reads a file as --config would, says where it is wrong, and does nothing else."},
    {CommandSpec::kConfigShow, "config show", "Show the settings a training would have",
     "Prints, as a file for --config, the settings that cairn train would have with the same "
     "options in the same environment. Defaults are comments; what is not set is chosen by the "
     "model and the data, and shown by cairn train --dry-run."},
    {CommandSpec::kCompletion, "completion", "Write a completion script for a shell",
     "Writes what teaches a shell the commands, options and values of all programs of Cairn. For "
     "bash: source <(cairn completion bash)."},
}};

std::vector<OptionSpec> MakeTable() {
  std::vector<OptionSpec> table;
  for (const auto& part :
       {ModelOptions(), DataOptions(), ReadingOptions(), LearningOptions(), VectorOptions(),
        RetentionOptions(), StopOptions(), CheckpointOptions(), ClusterOptions(), TuningOptions(),
        GenerateOptions(), InspectionOptions(), CheckpointToolOptions(), OutputOptions(),
        StatusOptions(), SettingsOptions()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

// And not where, until when, or what becomes of it.
bool SaysWhatIsLearnt(const OptionSpec& option) {
  constexpr std::array<std::string_view, 5> kElsewhere = {"Stop", "Checkpoints", "Cluster",
                                                          "Output", "Settings"};
  constexpr std::array<std::string_view, 6> kStill = {"epochs",  "consistency", "streams",
                                                      "threads", "device",      "device-memory"};
  const auto is_in = [](const auto& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  if (option.name == "init" || option.name == "save") return false;
  return is_in(kStill, option.name) || !is_in(kElsewhere, option.section);
}

}  // namespace

std::span<const CommandSpec> Commands() { return kCommands; }

const CommandSpec& CommandOf(CommandSpec::Bit bit) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const CommandSpec& command) { return command.bit == bit; });
  CAIRN_CHECK(found != kCommands.end());
  return *found;
}

const CommandSpec* FindCommand(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                  [&](const CommandSpec& command) { return command.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

std::vector<OptionSpec> OptionsOf(const CommandSpec& command) {
  const bool shows = command.bit == CommandSpec::kConfigShow;
  const bool tunes = command.bit == CommandSpec::kTune;
  const uint32_t bits = command.bit | (shows || tunes ? CommandSpec::kTrain : 0u);
  std::vector<OptionSpec> options;
  for (OptionSpec& option : MakeTable()) {
    if ((option.commands & bits) == 0) continue;
    // Of the actions of a training, showing its settings has none.
    const bool is_own = (option.commands & command.bit) != 0;
    if (!is_own && option.from == OptionSpec::From::kFlagOnly) continue;
    if (tunes && !is_own && !SaysWhatIsLearnt(option)) continue;
    option.required = option.required && !shows;
    options.push_back(std::move(option));
  }
  return options;
}

std::string EnvironmentPrefixOf(const CommandSpec& command) {
  if (command.bit == CommandSpec::kConfigShow) {
    return EnvironmentPrefixOf(CommandOf(CommandSpec::kTrain));
  }
  const std::vector<OptionSpec> options = OptionsOf(command);
  const bool has_settings = std::any_of(options.begin(), options.end(), [](const OptionSpec& spec) {
    return spec.name == ConfigOption().name;
  });
  if (!has_settings) return "";
  std::string prefix = "CAIRN_";
  for (const char c : command.name) {
    prefix += c == ' ' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + '_';
}

}  // namespace cairn
