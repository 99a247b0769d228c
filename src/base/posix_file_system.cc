#include "base/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/status.h"

namespace cairn {
namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;
constexpr uint64_t kZerosAtOnce = uint64_t{1} << 20;

absl::Status SystemError(const char* operation, const std::string& path, int error) {
  return MakeError(absl::ErrnoToStatusCode(error), operation, " ", path, ": ",
                   std::generic_category().message(error));
}

// Owns an open file.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // 0, or what went wrong. The descriptor is gone in either case, EINTR included.
  int Close() { return ::close(std::exchange(fd_, -1)) == 0 || errno == EINTR ? 0 : errno; }

 private:
  int fd_;
};

absl::StatusOr<Descriptor> Open(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return SystemError("open", path, errno);
  return Descriptor(fd);
}

struct Readable {
  Descriptor file;
  uint64_t bytes;
};

// Pipes and devices are refused, and O_NONBLOCK keeps a pipe from making us wait for its writer.
absl::StatusOr<Readable> OpenToRead(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_RDONLY | O_NONBLOCK));
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return SystemError("stat", path, errno);
  if (S_ISDIR(info.st_mode)) return SystemError("read", path, EISDIR);
  if (!S_ISREG(info.st_mode)) return FailedPrecondition("read ", path, ": not a regular file");
  return Readable{std::move(file), static_cast<uint64_t>(info.st_size)};
}

// Fills `buffer` from `offset` on, up to the end of the file.
absl::StatusOr<size_t> ReadFully(const Descriptor& file, const std::string& path, uint64_t offset,
                                 std::span<std::byte> buffer) {
  size_t done = 0;
  while (done < buffer.size()) {
    const uint64_t from = offset + done;
    if (from > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) break;
    const ssize_t got =
        ::pread(file.fd(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(from));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      return SystemError("read", path, errno);
    }
  }
  return done;
}

absl::Status WriteFully(const Descriptor& file, const std::string& path,
                        std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.fd(), bytes.data(), bytes.size());
    if (put >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(put));
    } else if (errno != EINTR) {
      return SystemError("write", path, errno);
    }
  }
  return absl::OkStatus();
}

// Content and length; times and the like would cost a write of their own.
absl::Status SyncDescriptor(const Descriptor& file, const std::string& path) {
  if (::fdatasync(file.fd()) != 0) return SystemError("sync", path, errno);
  return absl::OkStatus();
}

// Durably, and goes back to the first of them.
absl::Status WriteZeros(const Descriptor& file, const std::string& path, uint64_t bytes) {
  const std::vector<std::byte> zeros(std::min(bytes, kZerosAtOnce));
  for (uint64_t left = bytes; left > 0;) {
    const uint64_t piece = std::min<uint64_t>(left, zeros.size());
    CAIRN_RETURN_IF_ERROR(WriteFully(file, path, std::span(zeros).first(piece)));
    left -= piece;
  }
  CAIRN_RETURN_IF_ERROR(SyncDescriptor(file, path));
  if (::lseek(file.fd(), 0, SEEK_SET) != 0) return SystemError("seek", path, errno);
  return absl::OkStatus();
}

absl::Status WriteNewContent(const std::string& path, std::span<const std::byte> bytes) {
  CAIRN_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_WRONLY | O_CREAT | O_TRUNC));
  CAIRN_RETURN_IF_ERROR(WriteFully(file, path, bytes));
  CAIRN_RETURN_IF_ERROR(SyncDescriptor(file, path));
  if (const int error = file.Close(); error != 0) return SystemError("close", path, error);
  return absl::OkStatus();
}

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    CAIRN_RETURN_IF_ERROR(Usable("write"));
    return failure_ = WriteFully(file_, path_, bytes);
  }

  absl::Status Sync() override {
    CAIRN_RETURN_IF_ERROR(Usable("sync"));
    return failure_ = SyncDescriptor(file_, path_);
  }

  absl::Status Close() override {
    const absl::Status usable = Usable("close");
    if (!file_.open()) return usable;
    const int error = file_.Close();
    if (!usable.ok() || error == 0) return usable;
    return SystemError("close", path_, error);
  }

 private:
  absl::Status Usable(const char* operation) const {
    if (!file_.open()) return FailedPrecondition(operation, " ", path_, ": the file is closed");
    return failure_;
  }

  const std::string path_;
  Descriptor file_;
  absl::Status failure_;  // Of an earlier Append or Sync.
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(Descriptor file) : file_(std::move(file)) {}

 private:
  const Descriptor file_;
};

// "process 4711 on node-3"
std::string ThisProcess() {
  char host[256] = {};
  if (::gethostname(host, sizeof(host) - 1) != 0) host[0] = '?';
  return Concat("process ", ::getpid(), " on ", host);
}

}  // namespace

absl::StatusOr<std::vector<std::byte>> PosixFileSystem::ReadAll(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const Readable source, OpenToRead(path));
  if (source.bytes > kReadAllBytesMax) {
    return MakeError(absl::StatusCode::kResourceExhausted, "read ", path, ": ", source.bytes,
                     " bytes are too many to read at once, the most is ", kReadAllBytesMax);
  }
  std::vector<std::byte> content(source.bytes);
  CAIRN_ASSIGN_OR_RETURN(const size_t got, ReadFully(source.file, path, 0, content));
  content.resize(got);  // It may have been cut since.
  return content;
}

absl::StatusOr<uint64_t> PosixFileSystem::Size(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const Readable source, OpenToRead(path));
  return source.bytes;
}

absl::StatusOr<size_t> PosixFileSystem::ReadAt(const std::string& path, uint64_t offset,
                                               std::span<std::byte> buffer) {
  CAIRN_ASSIGN_OR_RETURN(const Readable source, OpenToRead(path));
  return ReadFully(source.file, path, offset, buffer);
}

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenForAppend(
    const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(Descriptor file, Open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND));
  return std::make_unique<PosixWritableFile>(path, std::move(file));
}

absl::StatusOr<std::unique_ptr<WritableFile>> PosixFileSystem::OpenZeroed(const std::string& path,
                                                                          uint64_t bytes) {
  if (::access(path.c_str(), F_OK) == 0) return SystemError("open", path, EEXIST);
  // Whoever dies in between leaves no file of that name that is shorter.
  const std::string temporary = path + ".tmp";
  CAIRN_ASSIGN_OR_RETURN(Descriptor file, Open(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  absl::Status made = WriteZeros(file, path, bytes);
  if (made.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    made = SystemError("rename to", path, errno);
  }
  if (made.ok()) made = SyncDirectory(ParentDirectory(path));
  if (made.ok()) return std::make_unique<PosixWritableFile>(path, std::move(file));
  ::unlink(temporary.c_str());
  ::unlink(path.c_str());
  return made;
}

absl::Status PosixFileSystem::WriteFileAtomically(const std::string& path,
                                                  std::span<const std::byte> bytes) {
  const std::string temporary = path + ".tmp";
  if (absl::Status written = WriteNewContent(temporary, bytes); !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    return SystemError("rename to", path, error);
  }
  return SyncDirectory(ParentDirectory(path));
}

absl::Status PosixFileSystem::CreateDirectories(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentDirectory(path));
  if (errno == EEXIST) {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) return SystemError("stat", path, errno);
    if (S_ISDIR(info.st_mode)) return absl::OkStatus();
    return SystemError("make directory", path, ENOTDIR);
  }
  const std::string parent = ParentDirectory(path);
  if (errno != ENOENT || path.empty() || parent == path || parent == ".") {
    return SystemError("make directory", path, errno);
  }
  CAIRN_RETURN_IF_ERROR(CreateDirectories(parent));
  // Somebody else may have been faster by now.
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return SystemError("make directory", path, errno);
  }
  return SyncDirectory(parent);
}

absl::StatusOr<std::vector<std::string>> PosixFileSystem::List(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) return SystemError("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return SystemError("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<bool> PosixFileSystem::Exists(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return SystemError("look for", path, errno);
}

absl::Status PosixFileSystem::Remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0) return SystemError("remove", path, errno);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::SyncDirectory(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const Descriptor directory, Open(path, O_RDONLY | O_DIRECTORY));
  // EINVAL: this file system knows no such thing (some network and user-space ones), and its names
  // are as durable as they get.
  if (::fsync(directory.fd()) != 0 && errno != EINVAL) {
    return SystemError("sync directory", path, errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> PosixFileSystem::LockDirectory(
    const std::string& path) {
  const std::string name = JoinPath(path, kLockName);
  CAIRN_ASSIGN_OR_RETURN(Descriptor file, Open(name, O_RDWR | O_CREAT));
  if (::flock(file.fd(), LOCK_EX | LOCK_NB) != 0) {
    const bool is_held = errno == EWOULDBLOCK;
    if (!is_held && errno != ENOLCK && errno != ENOTSUP && errno != ENOSYS) {
      return SystemError("lock", name, errno);
    }
    if (is_held) {
      std::array<std::byte, 512> owner;
      const absl::StatusOr<size_t> bytes = ReadFully(file, name, 0, owner);
      const std::string_view text(reinterpret_cast<const char*>(owner.data()), bytes.value_or(0));
      return FailedPrecondition(path, " is in use by ", text.empty() ? "another process" : text);
    }
  }
  // For whoever is kept out; without it the lock holds as well.
  const std::string owner = ThisProcess();
  const bool is_written =
      ::ftruncate(file.fd(), 0) == 0 && ::pwrite(file.fd(), owner.data(), owner.size(), 0) >= 0;
  static_cast<void>(is_written);
  return std::make_unique<PosixLock>(std::move(file));
}

}  // namespace cairn
