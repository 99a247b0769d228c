#include "cli/help.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/option_help.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kNameColumns = 12;

struct ExitCodeMeaning {
  int code;
  std::string_view meaning;
};

constexpr std::array<ExitCodeMeaning, 8> kExitCodes = {{
    {0, "done"},
    {1, "internal error"},
    {2, "the command line or a setting is wrong"},
    {3, "data or model not found or not readable"},
    {4, "the model is damaged"},
    {5, "the cluster was not formed"},
    {6, "the training diverged"},
    {130, "interrupted"},
}};

std::string Padded(std::string_view text, size_t columns) {
  std::string padded(text);
  padded.resize(std::max(columns, text.size() + 1), ' ');
  return padded;
}

std::string UsageOf(const CommandSpec& command) {
  const std::vector<OptionSpec> options = OptionsOf(command);
  std::string operand;
  for (const OptionSpec& option : options) {
    if (option.name == command.operand) operand = Concat("[", option.metavar, "] ");
  }
  return Concat("cairn ", command.name, " ", operand, FormatUsage(options));
}

}  // namespace

std::string GeneralHelp() {
  std::string help =
      "Cairn trains models with a parameter server.\n\n"
      "Usage: cairn COMMAND [options]\n\nCommands:\n";
  for (const CommandSpec& command : Commands()) {
    help += Concat("  ", Padded(command.name, kNameColumns), command.summary, "\n");
  }
  help += Concat("  ", Padded("help", kNameColumns), "Show this, or the options of a command\n");
  help += "\ncairn COMMAND --help lists its options; cairn --version tells which one this is.\n";
  help += "\nExit codes:\n";
  for (const ExitCodeMeaning& row : kExitCodes) {
    help += Concat("  ", Padded(std::to_string(row.code), kNameColumns), row.meaning, "\n");
  }
  return help;
}

std::string CommandHelp(const CommandSpec& command) {
  return Concat("Usage:\n", WrapText(UsageOf(command), 2), "\n", WrapText(command.description, 0),
                FormatOptions(OptionsOf(command)));
}

std::string HelpAsMarkdown() {
  std::string text =
      "# The command line\n\n"
      "Made by `cairn help --markdown` from the table in `src/cli/options_*.cc`; a test "
      "compares.\n\n"
      "Results go to standard output, progress and errors to standard error. The first Ctrl-C ends "
      "a\njob in good order, the second one at once.\n";
  for (const CommandSpec& command : Commands()) {
    text += Concat("\n## cairn ", command.name, "\n\n```\n", UsageOf(command), "\n```\n\n",
                   command.description, "\n", FormatOptionsAsMarkdown(OptionsOf(command)));
  }
  text += "\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n";
  for (const ExitCodeMeaning& row : kExitCodes) {
    text += Concat("| ", row.code, " | ", row.meaning, " |\n");
  }
  return text;
}

}  // namespace cairn
