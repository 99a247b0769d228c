// Files for tests, in a directory that goes with the object.
#pragma once

#include <zlib.h>
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

// One gzip member.
inline std::string Gzip(std::string_view text) {
  z_stream stream = {};
  CAIRN_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string member(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(member.data());
  stream.avail_out = static_cast<uInt>(member.size());
  CAIRN_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  member.resize(member.size() - stream.avail_out);
  deflateEnd(&stream);
  return member;
}

}  // namespace cairn
