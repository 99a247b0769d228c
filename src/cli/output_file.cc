#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/cord.h"
#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr char kNobodyReads[] = "cairn/nobody-reads";  // A payload of a Status.

absl::Status WriteError(const std::string& path, int error) {
  return MakeError(absl::ErrnoToStatusCode(error), "cannot write ", OutputName(path), ": ",
                   std::generic_category().message(error));
}

// What must not be replaced by a file of the same name.
bool IsSpecial(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Open(const std::string& path) {
  int fd = -1;
  std::string temporary;
  if (path == "-") {
    fd = ::dup(STDOUT_FILENO);
  } else if (IsSpecial(path)) {
    fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary = path + ".tmp";
    fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  if (fd < 0) return WriteError(path, errno);
  return std::unique_ptr<OutputFile>(new OutputFile(path, std::move(temporary), fd));
}

OutputFile::OutputFile(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

absl::Status OutputFile::Write(std::string_view text) {
  CAIRN_CHECK(fd_ >= 0, "written to after Commit");
  buffer_ += text;
  return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE && path_ == "-") {
      absl::Status status = Internal("nobody reads standard output any more");
      status.SetPayload(kNobodyReads, absl::Cord());
      return status;
    }
    if (written < 0) return WriteError(path_, errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Commit() {
  CAIRN_CHECK(fd_ >= 0, "committed twice");
  CAIRN_RETURN_IF_ERROR(Flush());
  if (!temporary_.empty()) {
    if (::fsync(fd_) != 0) return WriteError(path_, errno);
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return WriteError(path_, errno);
  }
  ::close(std::exchange(fd_, -1));
  return absl::OkStatus();
}

bool NobodyReads(const absl::Status& status) { return status.GetPayload(kNobodyReads).has_value(); }

std::string OutputName(const std::string& path) { return path == "-" ? "standard output" : path; }

absl::Status WriteOutputFile(const std::string& path, std::string_view text) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file, OutputFile::Open(path));
  CAIRN_RETURN_IF_ERROR(file->Write(text));
  return file->Commit();
}

}  // namespace cairn
