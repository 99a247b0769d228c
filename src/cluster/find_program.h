// Where our own programs are.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// The directory of the program that runs.
std::string OwnDirectory();

// The path of an executable file `name`, in `directory` or else in one of `path`'s, which are
// separated by colons, as in the environment's PATH. kUnavailable says where it was looked for.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory,
                                        std::string_view path);

}  // namespace cairn
