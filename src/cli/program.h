// The program `cairn` without its process: which command is meant, and what came of it.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace cairn {

// Runs one command line (without the program's name) and returns the exit code. What went wrong is
// the last line on console.err.
int RunCairn(const std::vector<std::string>& arguments, const Console& console);

}  // namespace cairn
