#include "cluster/role_programs.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace cairn {
namespace {

TEST_CASE("Every role program has a name, an environment and complete options", "[role_programs]") {
  std::set<std::string_view> prefixes;
  for (const RoleProgram& program : RolePrograms()) {
    INFO(program.name);
    CHECK(program.name.starts_with("ps_"));
    CHECK_FALSE(program.summary.ends_with('.'));
    CHECK(program.description.ends_with('.'));
    CHECK(program.environment_prefix.starts_with("CAIRN_"));
    CHECK(program.environment_prefix.ends_with('_'));
    CHECK(prefixes.insert(program.environment_prefix).second);
    std::set<std::string_view> names;
    for (const OptionSpec& option : AllOptions(program)) {
      INFO(option.name);
      CHECK(names.insert(option.name).second);
      CHECK_FALSE(option.section.empty());
      CHECK_FALSE(option.help.empty());
      CHECK_FALSE(option.help.ends_with('.'));
      CHECK(option.metavar.empty() == (option.kind == OptionSpec::Kind::kSwitch));
    }
    CHECK(names.count("config") == 1);
  }
}

TEST_CASE("The help of a role program has its usage, its options and its environment",
          "[role_programs]") {
  const std::string help = RoleHelp(ServerProgram({}));
  CHECK(help.starts_with("Usage:\n  ps_server --coordinator ADDRESS [options]\n\n"));
  CHECK(help.find("\n  --config FILE.toml ") != help.npos);
  CHECK(help.find("(CAIRN_SERVER_...)") != help.npos);
}

}  // namespace
}  // namespace cairn
