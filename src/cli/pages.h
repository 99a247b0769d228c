// Everything that people can type, in one list: the commands of cairn, and the programs that play
// one role. What documents them or completes them goes through it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/option_spec.h"
#include "cluster/role_program.h"

namespace cairn {

// The description of one command or program.
struct Page {
  std::string name;  // As it is typed: "cairn train", "ps_server".
  std::string summary;
  std::string description;
  std::string environment_prefix;  // "": it reads neither environment nor files.
  std::vector<OptionSpec> options;
};

// In the order of the documentation.
std::vector<Page> AllPages();

// ps_coordinator and its like, all of them.
std::vector<RoleProgram> AllRolePrograms();

struct ExitCodeMeaning {
  int code;
  std::string_view meaning;
};
std::span<const ExitCodeMeaning> ExitCodes();

// Whether it has settings of its own in the environment and in files. `config show` has not: it
// prints those of `train`.
bool HasOwnSettings(const Page& page);

}  // namespace cairn
