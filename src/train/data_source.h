// The text of data files: opened once, read at any offset, plain and compressed ones alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// One file as a job's definition names it: by its text, however that is stored. A file and its
// compressed copy differ in the path only.
struct DataFile {
  std::string path;
  uint64_t bytes = 0;        // Of text, so after decompression.
  uint64_t fingerprint = 0;  // Of the size and of the text's first and last 64 KiB.

  bool operator==(const DataFile&) const = default;
};

// What starts a file: decides how it is read, whatever its name is.
enum class Compression : uint8_t { kNone, kZstd, kGzip };
Compression DetectCompression(std::string_view first_bytes);

// A list of files, in the caller's order. Plain files stay on disk and are read by offset; zstd
// files are decompressed into memory when they are opened, because they have no random access.
//
// Thread-safe after Open. Files stay open until destruction.
class DataSource {
 public:
  struct Options {
    // All decompressed files together. Beyond it Open fails instead of filling the memory.
    uint64_t decompressed_bytes_max = uint64_t{4} << 30;
  };

  // Fails with a sentence that names the path. kNotFound: no such file. kInvalidArgument: no path
  // at all, a directory or another thing that is not a file, no text in it, gzip. kDataLoss: a
  // compressed file that is damaged or cut off. kResourceExhausted: options' bound.
  static absl::StatusOr<std::unique_ptr<DataSource>> Open(const std::vector<std::string>& paths,
                                                          const Options& options);
  ~DataSource();

  const std::vector<DataFile>& files() const { return files_; }

  // Bytes [offset, offset + bytes) of a file's text, fewer at its end only. The view is into
  // `buffer` or, without a copy, into this source: valid as long as both, until the next call that
  // is given the same buffer. kFailedPrecondition: a plain file has been written to since Open.
  absl::StatusOr<std::string_view> Read(size_t file, uint64_t offset, uint64_t bytes,
                                        std::string* buffer) const;

  // The number of the line that holds byte `offset`, from 1. Reads the file up to there: for
  // error messages.
  absl::StatusOr<uint64_t> LineNumber(size_t file, uint64_t offset) const;

 private:
  class Content;

  DataSource();
  absl::StatusOr<uint64_t> Fingerprint(size_t file) const;

  std::vector<std::unique_ptr<Content>> contents_;
  std::vector<DataFile> files_;
};

}  // namespace cairn
