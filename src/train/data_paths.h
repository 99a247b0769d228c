// From what people name as data to files: directories, patterns, standard input and pipes.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/spooled_input.h"

namespace cairn {

// One of these serves all options of a job that name data, so that an input that comes only once is
// not taken twice. What Expand returns can be opened as long as this lives. Not thread-safe.
class DataPaths {
 public:
  struct Options {
    int standard_input = 0;  // The descriptor behind "-".
    // For input that comes only once.
    std::string spool_directory = DefaultSpoolDirectory();
    SpoolProgress progress;
  };

  explicit DataPaths(Options options) : options_(std::move(options)) {}

  // The absolute paths of files, in the order of `paths`:
  //   a directory   its regular files, by name in the order of bytes. Those that begin with "." or
  //                 "_", as marks of other programs do, and directories in it are left out.
  //   a pattern     with * ? or [: what matches it, likewise sorted and chosen; a directory among
  //                 it counts as such. If a file is called exactly so, it is no pattern.
  //   -             standard input; it and named pipes are read to their end first.
  // Beside idx images in a directory or pattern, their labels are left out.
  //
  // kInvalidArgument: an input that comes only once is named twice. kNotFound: no file in a
  // directory, no match, nothing that data can be read from. And fails as SpooledInput::Read does.
  // That a plain path is not there is left to whoever opens it.
  absl::StatusOr<std::vector<std::string>> Expand(const std::vector<std::string>& paths);

 private:
  absl::Status ExpandOne(const std::string& path, std::vector<std::string>* files);
  absl::Status ExpandExisting(const std::string& path, std::vector<std::string>* files);
  absl::Status ExpandPattern(const std::string& pattern, std::vector<std::string>* files);
  absl::Status ExpandPipe(const std::string& path, std::vector<std::string>* files);
  absl::Status Spool(int fd, const SpooledInput::Options& input, std::vector<std::string>* files);

  const Options options_;
  std::vector<SpooledInput> spooled_;
  std::set<std::pair<uint64_t, uint64_t>> seen_;  // (device, inode) of what was spooled.
};

}  // namespace cairn
