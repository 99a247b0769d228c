#include "cluster/find_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "base/file_system.h"
#include "base/status.h"

namespace cairn {
namespace {

bool IsProgram(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string OwnDirectory() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return ".";
  return ParentDirectory(std::string(path, static_cast<size_t>(length)));
}

absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory,
                                        std::string_view path) {
  const std::string beside = JoinPath(directory, name);
  if (IsProgram(beside)) return beside;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    const std::string_view folder = rest.substr(0, colon);
    rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
    if (folder.empty()) continue;  // Meant as the working directory: not to be run by accident.
    std::string candidate = JoinPath(std::string(folder), name);
    if (IsProgram(candidate)) return candidate;
  }
  return Unavailable("the program ", name, " is neither ", beside, " nor in PATH (",
                     path.empty() ? "which is empty" : path,
                     "): install it beside the program that you run");
}

}  // namespace cairn
