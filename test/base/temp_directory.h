// A directory of the test's own on the machine's disk.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "base/check.h"
#include "base/file_system.h"

namespace cairn {

// Empty at first; removed at the end with everything in it.
class TempDirectory {
 public:
  TempDirectory() : path_((std::filesystem::temp_directory_path() / "cairn-XXXXXX").string()) {
    CAIRN_CHECK(::mkdtemp(path_.data()) != nullptr, "no temporary directory could be made");
  }
  ~TempDirectory() {
    std::error_code ignored;  // A left-over directory fails no test.
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string PathOf(const std::string& name) const { return JoinPath(path_, name); }

 private:
  std::string path_;
};

}  // namespace cairn
