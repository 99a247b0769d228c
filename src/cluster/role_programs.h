// The programs that play one role and know nothing of cairn's commands, in one list. With
// ps_coordinator, which runs the job of a command, they are cli/pages.h's.
#pragma once

#include <vector>

#include "cairn/model.h"
#include "cairn/optimizer.h"
#include "cluster/role_program.h"

namespace cairn {

RoleProgram ServerProgram(const RowOptimizers& optimizers);
RoleProgram WorkerProgram(const CustomModels& models);

// All of them, with the built-in optimizers and models.
std::vector<RoleProgram> RolePrograms();

}  // namespace cairn
