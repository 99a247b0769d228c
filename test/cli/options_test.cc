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
  REQUIRE(Commands().size() == 5);
  for (const CommandSpec& command : Commands()) {
    INFO(command.name);
    CHECK_FALSE(command.summary.empty());
    CHECK(command.description.ends_with('.'));
    std::set<std::string_view> names;
    for (const OptionSpec& option : OptionsOf(command)) CHECK(names.insert(option.name).second);
    CHECK_FALSE(names.empty());
    CHECK(names.count("help") == 0);
    CHECK((command.operand.empty() || names.count(command.operand) == 1));
  }
}

TEST_CASE("Every row of the table is complete and keeps its own rules", "[options]") {
  for (const CommandSpec& command : Commands()) {
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
    }
  }
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
