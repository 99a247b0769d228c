#include <string>
#include <utility>
#include <vector>

#include "base/option_sources.h"
#include "cli/coordinator_program.h"
#include "cli/options_sections.h"
#include "cluster/role_programs.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using From = OptionSpec::From;

constexpr uint32_t kConfigurable =
    CommandSpec::kTrain | CommandSpec::kEval | CommandSpec::kPredict | CommandSpec::kDataGen |
    CommandSpec::kStatus | CommandSpec::kTune | CommandSpec::kConfigShow;

// All that read files: the commands whose options --config is among, and the role programs.
std::vector<std::string> ReadersOfFiles() {
  std::vector<std::string> names;
  for (const CommandSpec& command : Commands()) {
    if ((command.bit & kConfigurable) != 0 && command.bit != CommandSpec::kConfigShow) {
      names.emplace_back(command.name);
    }
  }
  // By its name: its own options are made from this table.
  names.emplace_back(kCoordinatorProgram);
  for (const RoleProgram& program : RolePrograms()) names.emplace_back(program.name);
  return names;
}

}  // namespace

std::vector<OptionSpec> SettingsOptions() {
  OptionSpec config = ConfigOption();
  config.commands = kConfigurable;
  return {
      std::move(config),
      {.name = "dry-run",
       .kind = Kind::kSwitch,
       .section = "Settings",
       .help = "Look at the data, show what would be trained and how, and do not train",
       .from = From::kFlagOnly,
       .commands = CommandSpec::kTrain},
      {.name = "file",
       .kind = Kind::kText,
       .metavar = "FILE.toml",
       .section = "Settings",
       .help = "The file to check",
       .required = true,
       .positional = true,
       .from = From::kFlagOnly,
       .commands = CommandSpec::kConfigCheck},
      {.name = "for",
       .kind = Kind::kChoice,
       .metavar = "COMMAND",
       .section = "Settings",
       .help = "Whose settings they are",
       .fallback = "train",
       .from = From::kFlagOnly,
       .commands = CommandSpec::kConfigCheck,
       .choices = ReadersOfFiles()},
      {.name = "origin",
       .kind = Kind::kSwitch,
       .section = "Settings",
       .help = "Say behind each setting where it comes from",
       .from = From::kFlagOnly,
       .commands = CommandSpec::kConfigShow},
      {.name = "shell",
       .kind = Kind::kChoice,
       .metavar = "SHELL",
       .section = "Settings",
       .help = "Whose script to write",
       .required = true,
       .positional = true,
       .from = From::kFlagOnly,
       .commands = CommandSpec::kCompletion,
       .choices = {"bash", "zsh", "fish"}},
  };
}

}  // namespace cairn
