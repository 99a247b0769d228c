#include "train/spooled_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/file_system.h"
#include "base/status.h"
#include "base/units.h"
#include "train/plain_file.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr std::chrono::milliseconds kTellEvery{200};

absl::StatusOr<int> MakeFile(const SpooledInput::Options& options) {
  std::string path = JoinPath(options.directory, "cairn-" + options.label + "-XXXXXX");
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) {
    return FileError(options.name, Concat("cannot be kept in ", options.directory), errno);
  }
  ::unlink(path.c_str());
  return fd;
}

absl::Status WriteAll(int fd, std::span<const char> bytes, uint64_t written,
                      const SpooledInput::Options& options) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const absl::Status status = FileError(
          options.name,
          Concat("cannot be kept in ", options.directory, " beyond ", HumanBytes(written)), errno);
      return MakeError(status.code(), MessageOf(status),
                       "; name a file, or set TMPDIR to a directory with more room");
    }
    bytes = bytes.subspan(static_cast<size_t>(put));
    written += static_cast<uint64_t>(put);
  }
  return absl::OkStatus();
}

// Waits for `fd` to have bytes, or to be at its end. False: neither, in the time given.
bool WaitReadable(int fd, std::chrono::milliseconds patience) {
  pollfd wanted{fd, POLLIN, 0};
  return ::poll(&wanted, 1, static_cast<int>(patience.count())) > 0;
}

absl::StatusOr<uint64_t> Copy(int from, int to, const SpooledInput::Options& options,
                              const SpoolProgress& progress) {
  std::vector<char> piece(kPieceBytes);
  uint64_t bytes = 0;
  Clock::time_point next_tell = Clock::now();
  while (true) {
    if (progress && Clock::now() >= next_tell) {
      if (!progress(bytes)) return MakeError(absl::StatusCode::kCancelled, "interrupted");
      next_tell = Clock::now() + kTellEvery;
    }
    if (!WaitReadable(from, kTellEvery)) continue;
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return FileError(options.name, "cannot be read", errno);
    if (got == 0) return bytes;
    CAIRN_RETURN_IF_ERROR(
        WriteAll(to, std::span(piece).first(static_cast<size_t>(got)), bytes, options));
    bytes += static_cast<uint64_t>(got);
  }
}

}  // namespace

std::string DefaultSpoolDirectory() {
  const char* directory = std::getenv("TMPDIR");
  return directory == nullptr || *directory == '\0' ? "/tmp" : directory;
}

absl::StatusOr<SpooledInput> SpooledInput::Read(int fd, const Options& options,
                                                const SpoolProgress& progress) {
  CAIRN_ASSIGN_OR_RETURN(const int file, MakeFile(options));
  SpooledInput spooled(file);
  CAIRN_ASSIGN_OR_RETURN(const uint64_t bytes, Copy(fd, file, options, progress));
  if (bytes == 0) return NotFound(options.name, ": is empty");
  return spooled;
}

SpooledInput::~SpooledInput() {
  if (fd_ >= 0) ::close(fd_);
}

std::string SpooledInput::path() const { return Concat("/proc/", ::getpid(), "/fd/", fd_); }

}  // namespace cairn
