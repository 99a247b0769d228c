// A file of encoded rows, chunk by chunk, that outlives the job that made it: doc/row_cache.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// Where the rows of one chunk are.
struct RowCacheEntry {
  static constexpr uint32_t kTextOnly = ~uint32_t{0};  // Of `bytes`: the chunk has bad rows.

  uint64_t place = 0;
  uint32_t bytes = 0;  // 0: nothing is known of the chunk.
  uint32_t crc = 0;    // Of them.

  bool operator==(const RowCacheEntry&) const = default;
};

// Thread-safe, but that Append and Publish are for one thread at a time. Errors name the file.
class RowCacheFile {
 public:
  struct Opened {
    std::unique_ptr<RowCacheFile> file;
    std::vector<RowCacheEntry> index;  // By chunk.
  };
  // `identity`: what the rows are made of. kNotFound: there is no such file; kFailedPrecondition:
  // its rows are made of something else; kDataLoss: it is damaged or cut short.
  static absl::StatusOr<Opened> Open(const std::string& path, std::string_view identity);

  // Makes a file that is `path` once it is published, and gone if it never is. Those of processes
  // that died before that are removed here. Any error of the disk.
  static absl::StatusOr<std::unique_ptr<RowCacheFile>> Create(const std::string& path,
                                                              std::string_view identity);
  ~RowCacheFile();
  RowCacheFile(const RowCacheFile&) = delete;
  RowCacheFile& operator=(const RowCacheFile&) = delete;

  const std::string& path() const { return path_; }

  // Where the bytes are from now on.
  absl::StatusOr<uint64_t> Append(std::string_view bytes);
  // Fills the buffer with bytes that are there. kDataLoss: the disk does not give them.
  absl::Status Read(uint64_t place, std::span<char> buffer) const;
  // Completes the file, which then replaces an older one. It goes on to be read here.
  absl::Status Publish(std::span<const RowCacheEntry> index);

 private:
  RowCacheFile(std::string path, std::string temporary_path, int fd);
  absl::Status Fail(const char* what) const;

  const std::string path_;
  std::string temporary_path_;  // "": none.
  const int fd_;
  uint64_t end_ = 0;  // Of what was written.
};

}  // namespace cairn
