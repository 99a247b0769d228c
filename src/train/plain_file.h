// A file of data on the disk, while it is being read.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// An open regular file. What is read is what was there when it was opened: a file that is replaced
// by another one of its name goes on to be read, one that is written to is an error.
//
// Thread-safe: reads name their offset. Errors begin with the file's name. kNotFound and
// kPermissionDenied mean what they say; kInvalidArgument: no regular file; kResourceExhausted: too
// many files are open; kDataLoss: the disk does not give the bytes; kFailedPrecondition: written to
// since it was opened.
class PlainFile {
 public:
  static absl::StatusOr<std::unique_ptr<PlainFile>> Open(const std::string& path);
  ~PlainFile();
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  // What messages call it: the path, unless that would tell a reader nothing (ReadableName).
  const std::string& name() const { return name_; }
  uint64_t bytes() const { return static_cast<uint64_t>(opened_.st_size); }

  // Fills the buffer. The caller asks only for bytes that the file had when it was opened.
  absl::Status Read(uint64_t offset, std::span<char> buffer) const;

 private:
  PlainFile(std::string name, int fd);
  absl::Status CheckUnchanged() const;
  absl::Status Changed() const;

  const std::string name_;
  const int fd_;
  struct stat opened_ = {};
};

// For a file that another process holds open and that has no name any more, as input that was
// spooled (train/data_paths.h), the name that it had; any other path as it is.
std::string ReadableName(const std::string& path);

// "name: what: why", with the code that PlainFile's errors have for this errno.
absl::Status FileError(std::string_view name, std::string_view what, int error);

}  // namespace cairn
