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
#include "train/text_content.h"

namespace cairn {

// One file as a job's definition names it: by its text, however that is stored. A file and its
// compressed copy differ in the path only.
struct DataFile {
  std::string path;
  uint64_t bytes = 0;        // Of text, so after decompression.
  uint64_t fingerprint = 0;  // Of the size, the text's first and last 64 KiB, and pieces between.

  bool operator==(const DataFile&) const = default;
};

// A list of files, in the caller's order. Plain files stay on disk and are read by offset;
// compressed ones (zstd, gzip) are decompressed into memory when they are opened, because they have
// no random access. Images in idx files come as one text with their labels (train/idx_content.h).
//
// Thread-safe after Open. Files stay open until destruction.
class DataSource {
 public:
  struct Options {
    // All decompressed files together. Beyond it Open fails instead of filling the memory.
    uint64_t decompressed_bytes_max = uint64_t{4} << 30;
  };

  // Fails with a sentence that names the path, as OpenText and IdxContent::Open do; and
  // kInvalidArgument: no path at all, or no text in a file.
  static absl::StatusOr<std::unique_ptr<DataSource>> Open(const std::vector<std::string>& paths,
                                                          const Options& options);
  ~DataSource();

  const std::vector<DataFile>& files() const { return files_; }

  // What messages call a file: its path as far as that tells people something.
  const std::string& name(size_t file) const { return entries_[file].name; }

  // Bytes of each row of a file of images, 0 for text in lines.
  uint64_t row_bytes(size_t file) const { return entries_[file].row_bytes; }

  TextStorage storage(size_t file) const { return entries_[file].content->storage(); }

  // Bytes [offset, offset + bytes) of a file's text, fewer at its end only. The view is into
  // `buffer` or, without a copy, into this source: valid as long as both, until the next call that
  // is given the same buffer. kFailedPrecondition: a plain file has been written to since Open.
  absl::StatusOr<std::string_view> Read(size_t file, uint64_t offset, uint64_t bytes,
                                        std::string* buffer) const;

  // The number of the line, or of the row of images, that holds byte `offset`, from 1. Reads the
  // lines up to there: for error messages.
  absl::StatusOr<uint64_t> LineNumber(size_t file, uint64_t offset) const;

 private:
  struct Entry {
    std::string name;
    uint64_t row_bytes = 0;
    std::unique_ptr<TextContent> content;
  };

  DataSource();
  static absl::StatusOr<Entry> OpenEntry(const std::string& path, uint64_t* memory_left);
  absl::StatusOr<uint64_t> Fingerprint(size_t file) const;

  std::vector<Entry> entries_;
  std::vector<DataFile> files_;
};

// What a status of the data path means for a job: whatever is wrong with data (kInvalidArgument,
// kFailedPrecondition, kDataLoss) becomes kNotFound, so that the program ends with exit code 3 and
// not with that of a wrong option or a damaged model. Anything else stays what it is.
absl::Status DataError(const absl::Status& status);

}  // namespace cairn
