// What a core wants done with files, and what became of it. The shell does the work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace cairn {

// What an executor wants done with files. Requests of one ticket are done in order, each answered
// by one StorageResult; different tickets may overtake each other.
struct StorageRequest {
  enum class Kind : uint8_t {
    kCreate,  // Exclusive create of `path` (its directory is made first).
    kAppend,  // `bytes` to the end.
    kCommit,  // Sync file and directory, close.
    kAbort,   // Close and remove it, as far as it is there.
    kRead,    // Up to `length` bytes at `offset`.
  };
  uint64_t ticket = 0;
  Kind kind = Kind::kCreate;
  std::string path;
  std::vector<std::byte> bytes;
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct StorageResult {
  uint64_t ticket = 0;
  StorageRequest::Kind kind = StorageRequest::Kind::kCreate;
  absl::Status status;
  std::vector<std::byte> bytes;  // kRead: what was there; shorter than asked for at the end.
};

}  // namespace cairn
