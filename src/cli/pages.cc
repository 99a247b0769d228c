#include "cli/pages.h"

#include <array>

#include "base/status.h"
#include "cli/coordinator_program.h"
#include "cli/options.h"
#include "cluster/role_programs.h"

namespace cairn {
namespace {

constexpr std::array<ExitCodeMeaning, 9> kExitCodes = {{
    {0, "done"},
    {1, "internal error"},
    {2, "the command line or a setting is wrong"},
    {3, "data, model or checkpoint not found or not readable"},
    {4, "the model or checkpoint is damaged"},
    {5, "the cluster was not formed"},
    {6, "the training diverged"},
    {130, "interrupted"},
    {141, "nobody reads standard output any more"},
}};

}  // namespace

std::vector<Page> AllPages() {
  std::vector<Page> pages;
  for (const CommandSpec& command : Commands()) {
    pages.push_back({Concat("cairn ", command.name), std::string(command.summary),
                     std::string(command.description), EnvironmentPrefixOf(command),
                     OptionsOf(command)});
  }
  for (const RoleProgram& program : AllRolePrograms()) {
    pages.push_back({std::string(program.name), std::string(program.summary),
                     std::string(program.description), std::string(program.environment_prefix),
                     AllOptions(program)});
  }
  return pages;
}

std::vector<RoleProgram> AllRolePrograms() {
  std::vector<RoleProgram> programs = RolePrograms();
  programs.insert(programs.begin(), CoordinatorProgram());
  return programs;
}

std::span<const ExitCodeMeaning> ExitCodes() { return kExitCodes; }

bool HasOwnSettings(const Page& page) {
  return !page.environment_prefix.empty() && page.name != "cairn config show";
}

}  // namespace cairn
