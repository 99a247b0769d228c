// Files for tests, in a directory that goes with the object.
#pragma once

#include <zstd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/check.h"

namespace cairn {

class TempFiles {
 public:
  TempFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "cairn-test-XXXXXX").string();
    CAIRN_CHECK(mkdtemp(name.data()) != nullptr, "cannot make a directory for the test");
    directory_ = name;
  }
  ~TempFiles() { std::filesystem::remove_all(directory_); }
  TempFiles(const TempFiles&) = delete;
  TempFiles& operator=(const TempFiles&) = delete;

  std::string directory() const { return directory_.string(); }
  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  // Returns the path.
  std::string Write(const std::string& name, std::string_view bytes) const {
    std::ofstream file(directory_ / name, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    CAIRN_CHECK(file.good(), "cannot write a file for the test");
    return Path(name);
  }

 private:
  std::filesystem::path directory_;
};

// One zstd frame that says how long its text is.
inline std::string Zstd(std::string_view text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  const size_t bytes = ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), 3);
  CAIRN_CHECK(ZSTD_isError(bytes) == 0);
  frame.resize(bytes);
  return frame;
}

}  // namespace cairn
