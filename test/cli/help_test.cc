#include "cli/help.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "base/option_help.h"

namespace cairn {
namespace {

void CheckLayout(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= kHelpColumns);
    CHECK_FALSE(line.ends_with(' '));
  }
  CHECK(text.ends_with('\n'));
  CHECK_FALSE(text.ends_with("\n\n"));
}

TEST_CASE("Every help fits 80 columns", "[help]") {
  CheckLayout(GeneralHelp());
  for (const CommandSpec& command : Commands()) CheckLayout(CommandHelp(command));
}

TEST_CASE("The general help lists every command and exit code", "[help]") {
  const std::string help = GeneralHelp();
  for (const CommandSpec& command : Commands()) {
    CHECK(help.find("\n  " + std::string(command.name) + " ") != help.npos);
  }
  CHECK(help.find("\n  130 ") != help.npos);
}

TEST_CASE("The help of a command lists its own options under their sections", "[help]") {
  for (const CommandSpec& command : Commands()) {
    const std::string help = CommandHelp(command);
    for (const OptionSpec& option : OptionsOf(command)) {
      INFO(command.name << " --" << option.name);
      const std::string head =
          option.positional ? std::string(option.metavar) : "--" + std::string(option.name);
      CHECK(help.find("\n  " + head) != help.npos);
      CHECK(help.find("\n" + std::string(option.section) + ":\n") != help.npos);
    }
  }
  CHECK(
      CommandHelp(Commands()[0]).starts_with("Usage:\n  cairn train --train PATH... [options]\n"));
  CHECK(CommandHelp(Commands()[1]).find("--epochs") == std::string::npos);
}

TEST_CASE("The help of a command that reads files says where else options are set", "[help]") {
  const std::string train = CommandHelp(CommandOf(CommandSpec::kTrain));
  CHECK(
      train.ends_with("Options can be set in the environment too (CAIRN_TRAIN_...) and in a file\n"
                      "(--config): doc/config.md.\n"));
  CHECK(CommandHelp(CommandOf(CommandSpec::kCompletion)).find("environment") == std::string::npos);
}

}  // namespace
}  // namespace cairn
