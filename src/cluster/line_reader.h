// The lines of a text file, plain or zstd, one after the other, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "train/zstd_stream.h"

namespace cairn {

// Not thread-safe. Errors name the path: kNotFound; kDataLoss, a damaged zstd file, a last line
// without its line break, or a line of more than kLineBytesMax bytes.
class LineReader {
 public:
  static constexpr size_t kLineBytesMax = size_t{16} << 20;

  // Whether it is zstd, the first bytes tell. `files` outlives the reader.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(FileSystem* files,
                                                          const std::string& path);

  // True: `line`, without its line break, lives until the next call. False: there are no more.
  absl::StatusOr<bool> Next(std::string_view* line);
  uint64_t number() const { return number_; }  // Of the last line, from 1.
  const std::string& path() const { return path_; }

 private:
  LineReader(FileSystem* files, std::string path) : files_(files), path_(std::move(path)) {}
  absl::StatusOr<size_t> ReadFile(std::span<char> buffer);
  absl::Status Fill();

  FileSystem* files_;
  std::string path_;
  uint64_t offset_ = 0;                     // In the file.
  std::unique_ptr<ZstdDecompressor> zstd_;  // Null: the text is plain.
  std::string text_;                        // Lines, the last of them perhaps not whole.
  size_t begin_ = 0;                        // Of what was not yet told.
  bool ended_ = false;
  uint64_t number_ = 0;
};

}  // namespace cairn
