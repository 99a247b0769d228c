#include "cli/help.h"

#include <algorithm>
#include <string_view>

#include "base/option_help.h"
#include "base/status.h"
#include "cli/pages.h"

namespace cairn {
namespace {

constexpr size_t kNameColumns = 19;

std::string Padded(std::string_view text, size_t columns) {
  std::string padded(text);
  padded.resize(std::max(columns, text.size() + 1), ' ');
  return padded;
}

std::string UsageOf(const CommandSpec& command) {
  return Concat("cairn ", command.name, " ", FormatUsage(OptionsOf(command)));
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
  for (const ExitCodeMeaning& row : ExitCodes()) {
    help += Concat("  ", Padded(std::to_string(row.code), kNameColumns), row.meaning, "\n");
  }
  return help;
}

std::string CommandHelp(const CommandSpec& command) {
  const std::string prefix = EnvironmentPrefixOf(command);
  return Concat("Usage:\n", WrapText(UsageOf(command), 2), "\n", WrapText(command.description, 0),
                FormatOptions(OptionsOf(command)), prefix.empty() ? "" : "\n",
                prefix.empty() ? "" : WrapText(FormatSources(prefix), 0));
}

}  // namespace cairn
