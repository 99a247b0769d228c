// The program ps_coordinator: forms a cluster of processes and runs one job on it.
#pragma once

#include "cluster/role_program.h"

namespace cairn {

RoleProgram CoordinatorProgram();

}  // namespace cairn
