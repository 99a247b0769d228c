// Runs one command line of `cairn` within the test.
#pragma once

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program.h"

namespace cairn {

struct Ran {
  int code;
  std::string out;
  std::string err;

  // The last line on standard error, without its newline: the cause of a failure.
  std::string LastError() const {
    const std::string lines = err.substr(0, err.find_last_not_of('\n') + 1);
    return lines.substr(lines.rfind('\n') + 1);  // npos + 1 is 0.
  }
};

inline Ran Run(const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment = {}) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunCairn({arguments, environment}, {&out, &err});
  return {code, out.str(), err.str()};
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace cairn
