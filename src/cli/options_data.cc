#include <utility>
#include <vector>

#include "cli/options_sections.h"
#include "cluster/cache_options.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;
constexpr uint32_t kDataStat = CommandSpec::kDataStat;
constexpr uint32_t kScore = CommandSpec::kEval | CommandSpec::kPredict;

std::vector<OptionSpec> FileOptions() {
  return {
      {.name = "train",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help =
           "Files to learn from, plain, gzip or zstd; also directories, quoted patterns, and - for "
           "standard input",
       .required = true,
       .commands = kTrain},
      {.name = "valid",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to score after every epoch",
       .commands = kTrain,
       .other_names = {"test", "validation"}},
      {.name = "valid-share",
       .kind = Kind::kReal,
       .metavar = "SHARE",
       .section = "Data",
       .help =
           "Instead of --valid: score about this share of the --train rows, pieces from all over "
           "the files, and do not learn them",
       .commands = kTrain,
       .reals = {.min = 0.001, .max = 0.5}},
      {.name = "data",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to score, plain, gzip or zstd; also directories, quoted patterns, and - for "
               "standard input",
       .required = true,
       .commands = kScore,
       .other_names = {"test"}},
      {.name = "data",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .help = "Files to count, named as those to learn from",
       .required = true,
       .positional = true,
       .commands = kDataStat},
      {.name = "json",
       .kind = Kind::kSwitch,
       .section = "Output",
       .help = "Print JSON",
       .commands = kDataStat},
  };
}

std::vector<OptionSpec> RowsOfFilesOptions() {
  return {
      {.name = "format",
       .kind = Kind::kChoice,
       .metavar = "FORMAT",
       .section = "Data",
       .help = "Of all these files; auto looks at the first rows",
       .fallback = "auto",
       .commands = kTrain | kScore | kDataStat,
       .choices = {"auto", "libsvm", "libffm", "csv", "criteo", "idx"}},
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

}  // namespace

std::vector<OptionSpec> DataOptions() {
  std::vector<OptionSpec> options = FileOptions();
  for (OptionSpec& option : RowsOfFilesOptions()) options.push_back(std::move(option));
  for (OptionSpec& option : CacheOptions("Data")) {
    option.commands = kTrain;
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace cairn
