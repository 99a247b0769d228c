// The programs that play one role, in one list: what documents and completes them goes through it.
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
