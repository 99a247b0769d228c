// Results that appear under their name once they are complete.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// A file that is written as PATH.tmp, and becomes PATH with Commit; without it, PATH stays what it
// was. "-" (standard output), and a PATH that is there and no plain file (a pipe, a device), are
// written to directly. Not thread-safe. Errors name the path; kNotFound: no such directory.
class OutputFile {
 public:
  static absl::StatusOr<std::unique_ptr<OutputFile>> Open(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  absl::Status Write(std::string_view text);
  // Writes what is left, syncs, renames. Nothing may follow.
  absl::Status Commit();

 private:
  OutputFile(std::string path, std::string temporary, int fd);
  absl::Status Flush();

  const std::string path_;
  const std::string temporary_;  // Empty: written directly.
  int fd_;
  std::string buffer_;
};

// Whether that is why standard output could not be written: its reader has gone, as "| head" does.
bool NobodyReads(const absl::Status& status);

// How messages call it: the path, or "standard output" for "-".
std::string OutputName(const std::string& path);

// All at once.
absl::Status WriteOutputFile(const std::string& path, std::string_view text);

}  // namespace cairn
