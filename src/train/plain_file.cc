#include "train/plain_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/status.h"

namespace cairn {
namespace {

// What the kernel puts behind the name of a file that has none any more.
constexpr std::string_view kDeleted = " (deleted)";

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
      return absl::StatusCode::kPermissionDenied;
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kDataLoss;
  }
}

}  // namespace

absl::Status FileError(std::string_view name, std::string_view what, int error) {
  return MakeError(CodeOf(error), name, ": ", what, ": ", std::generic_category().message(error));
}

std::string ReadableName(const std::string& path) {
  if (!path.starts_with("/proc/")) return path;
  std::array<char, 4096> target;
  const ssize_t bytes = ::readlink(path.c_str(), target.data(), target.size());
  if (bytes <= 0) return path;
  const std::string_view name(target.data(), static_cast<size_t>(bytes));
  if (!name.starts_with('/') || !name.ends_with(kDeleted)) return path;
  return std::string(name.substr(0, name.size() - kDeleted.size()));
}

absl::StatusOr<std::unique_ptr<PlainFile>> PlainFile::Open(const std::string& path) {
  // O_NONBLOCK: a named pipe must be refused below, not waited for.
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return FileError(path, "cannot open the data file", errno);
  std::unique_ptr<PlainFile> file(new PlainFile(ReadableName(path), fd));
  if (::fstat(fd, &file->opened_) != 0) return FileError(path, "cannot be examined", errno);
  if (S_ISDIR(file->opened_.st_mode)) {
    return InvalidArgument(path, ": is a directory where a data file is expected");
  }
  if (!S_ISREG(file->opened_.st_mode)) {
    return InvalidArgument(path, ": is not a regular file; data is read more than once");
  }
  return file;
}

PlainFile::PlainFile(std::string name, int fd) : name_(std::move(name)), fd_(fd) {}

PlainFile::~PlainFile() { ::close(fd_); }

absl::Status PlainFile::Read(uint64_t offset, std::span<char> buffer) const {
  CAIRN_RETURN_IF_ERROR(CheckUnchanged());
  while (!buffer.empty()) {
    const ssize_t got = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(name_, "cannot be read", errno);
    if (got == 0) return Changed();
    buffer = buffer.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

// Other bytes must not go under stamps that were given for the old ones. Not a proof (a write
// within the clock's grain goes unseen), but it catches the log that is still being appended to.
absl::Status PlainFile::CheckUnchanged() const {
  struct stat now;
  if (::fstat(fd_, &now) != 0) return FileError(name_, "cannot be examined", errno);
  const bool same = now.st_size == opened_.st_size &&
                    now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
                    now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
  return same ? absl::OkStatus() : Changed();
}

absl::Status PlainFile::Changed() const {
  return FailedPrecondition(name_,
                            ": the data file has been written to since it was opened; start again "
                            "once it is complete");
}

}  // namespace cairn
