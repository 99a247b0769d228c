// The texts of `cairn help`, made from the option table. Pure.
#pragma once

#include <string>

#include "cli/options.h"

namespace cairn {

std::string GeneralHelp();
std::string CommandHelp(const CommandSpec& command);

}  // namespace cairn
