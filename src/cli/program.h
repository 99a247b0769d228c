// The program `cairn` without its process: which command is meant, and what came of it.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace cairn {

struct CommandLine {
  std::vector<std::string> arguments;    // Without the program's name.
  std::vector<std::string> environment;  // "NAME=value"; those of other programs are ignored.
};

// Runs one command line and returns the exit code. What went wrong is the last line on console.err.
int RunCairn(const CommandLine& line, const Console& console);

}  // namespace cairn
