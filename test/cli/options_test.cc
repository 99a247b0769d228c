#include "cli/options.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <set>
#include <string>

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

TEST_CASE("Every command has a summary, a description and options of unique names", "[options]") {
  REQUIRE(Commands().size() >= 4);
  for (const CommandSpec& command : Commands()) {
    INFO(command.name);
    CHECK_FALSE(command.summary.empty());
    CHECK(command.description.ends_with('.'));
    std::set<std::string_view> names;
    for (const OptionSpec& option : OptionsOf(command)) CHECK(names.insert(option.name).second);
    CHECK_FALSE(names.empty());
    CHECK(names.count("help") == 0);
  }
}

TEST_CASE("Every row of the table is complete and keeps its own rules", "[options]") {
  for (const CommandSpec& command : Commands()) {
    size_t positional = 0;
    for (const OptionSpec& option : OptionsOf(command)) {
      INFO("--" << option.name);
      CHECK(std::all_of(option.name.begin(), option.name.end(), [](char c) {
        return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
      }));
      CHECK_FALSE(option.section.empty());
      CHECK_FALSE(option.help.empty());
      CHECK_FALSE(option.help.ends_with('.'));
      CHECK(option.metavar.empty() == (option.kind == Kind::kSwitch));
      CHECK(option.choices.empty() == (option.kind != Kind::kChoice));
      CHECK_FALSE((option.required && !option.fallback.empty()));
      positional += option.positional ? 1 : 0;
    }
    CHECK(positional <= 1);
  }
}

TEST_CASE("Commands are found by bit and by name", "[options]") {
  for (const CommandSpec& command : Commands()) {
    CHECK(&CommandOf(command.bit) == &command);
    CHECK(FindCommand(command.name) == &command);
  }
  CHECK(FindCommand("trian") == nullptr);
}

TEST_CASE("Each command has its part of the environment, none is the beginning of another",
          "[options]") {
  CHECK(EnvironmentPrefixOf(CommandOf(CommandSpec::kDataGen)) == "CAIRN_DATA_GEN_");
  CHECK(EnvironmentPrefixOf(CommandOf(CommandSpec::kConfigShow)) == "CAIRN_TRAIN_");
  CHECK(EnvironmentPrefixOf(CommandOf(CommandSpec::kCompletion)).empty());
}

TEST_CASE("config show has the settings of train, and requires none", "[options]") {
  std::set<std::string_view> shown;
  for (const OptionSpec& option : OptionsOf(CommandOf(CommandSpec::kConfigShow))) {
    CHECK_FALSE(option.required);
    shown.insert(option.name);
  }
  for (const OptionSpec& option : OptionsOf(CommandOf(CommandSpec::kTrain))) {
    INFO(option.name);
    CHECK(shown.count(option.name) == (option.from == OptionSpec::From::kFlagOnly ? 0 : 1));
  }
  CHECK(shown.count("origin") == 1);
}

TEST_CASE("Fallbacks are legal values", "[options]") {
  for (const CommandSpec& command : Commands()) {
    for (OptionSpec option : OptionsOf(command)) {
      if (option.fallback.empty()) continue;
      INFO("--" << option.name);
      const std::vector<std::string> given = {"--" + std::string(option.name),
                                              std::string(option.fallback)};
      CHECK(ParseOptions(std::span(&option, 1), given).ok());
    }
  }
}

}  // namespace
}  // namespace cairn
