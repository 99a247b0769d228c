// The program ps_coordinator: forms a cluster of processes and runs one job on it.
#pragma once

#include <string_view>

#include "cluster/role_program.h"

namespace cairn {

inline constexpr std::string_view kCoordinatorProgram = "ps_coordinator";

RoleProgram CoordinatorProgram();

}  // namespace cairn
