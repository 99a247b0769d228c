#include "cli/help.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
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
      CHECK(help.find("\n  --" + std::string(option.name)) != help.npos);
      CHECK(help.find("\n" + std::string(option.section) + ":\n") != help.npos);
    }
  }
  CHECK(
      CommandHelp(Commands()[0]).starts_with("Usage:\n  cairn train --train PATH... [options]\n"));
  CHECK(CommandHelp(Commands()[1]).find("--epochs") == std::string::npos);
}

TEST_CASE("doc/cli.md is what the table says: cairn help --markdown > doc/cli.md", "[help]") {
  std::ifstream file(CAIRN_SOURCE_DIR "/doc/cli.md", std::ios::binary);
  REQUIRE(file.good());
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == HelpAsMarkdown());
}

}  // namespace
}  // namespace cairn
