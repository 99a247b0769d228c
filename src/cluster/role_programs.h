// The programs that play one role and know nothing of cairn's commands, in one list. With
// ps_coordinator, which runs the job of a command, they are cli/pages.h's.
#pragma once

#include <vector>

#include "cairn/optimizer.h"
#include "cluster/role_program.h"

namespace cairn {

RoleProgram ServerProgram(const RowOptimizers& optimizers);
RoleProgram WorkerProgram();

// All of them, with the built-in optimizers.
std::vector<RoleProgram> RolePrograms();

}  // namespace cairn
