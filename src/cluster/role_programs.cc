#include "cluster/role_programs.h"

namespace cairn {

std::vector<RoleProgram> RolePrograms() { return {ServerProgram({}), WorkerProgram({})}; }

}  // namespace cairn
