// Input that comes only once, as from a pipe, kept on the disk to be read again and again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// Told a few times a second how many bytes have come; false gives up.
using SpoolProgress = std::function<bool(uint64_t bytes)>;

// $TMPDIR, or /tmp.
std::string DefaultSpoolDirectory();

// A file without a name: it can be opened by path() from any process of this user on this machine
// as long as this object lives, and the system removes it when this process ends, in whatever way.
class SpooledInput {
 public:
  struct Options {
    std::string name;       // For messages: "standard input".
    std::string label;      // The file's former name has it: "stdin".
    std::string directory;  // Of that file; has to have room for it.
  };

  // Copies all that comes from `fd` until its end; waits for it as long as `progress`, which may be
  // null, says. kCancelled: it gave up. kNotFound: nothing came. kResourceExhausted: the disk is
  // full. Errors begin with the name.
  static absl::StatusOr<SpooledInput> Read(int fd, const Options& options,
                                           const SpoolProgress& progress);
  SpooledInput(SpooledInput&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SpooledInput& operator=(SpooledInput&&) = delete;
  ~SpooledInput();

  std::string path() const;

 private:
  explicit SpooledInput(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace cairn
