// What is peculiar to real files; the common promises are tried in file_system_test.cc.
#include "base/posix_file_system.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

using absl::StatusCode;

TEST_CASE("errors say operation, path and the system's reason") {
  PosixFileSystem files;
  CHECK(MessageOf(files.ReadAll("/nonexistent/f").status()) ==
        "open /nonexistent/f: No such file or directory");
  CHECK(MessageOf(files.List("/nonexistent").status()) ==
        "list /nonexistent: No such file or directory");
}

TEST_CASE("a lock ends with its process, and says whose it is") {
  const TempDirectory directory;
  PosixFileSystem files;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = files.LockDirectory(directory.path());
    const char told = lock.ok() ? '1' : '0';
    if (::write(ready[1], &told, 1) == 1) ::pause();
    ::_exit(1);
  }
  char told = 0;
  REQUIRE(::read(ready[0], &told, 1) == 1);
  REQUIRE(told == '1');
  CHECK_THAT(std::string(files.LockDirectory(directory.path()).status().message()),
             Catch::Contains("is in use by process " + std::to_string(child) + " on "));
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(files.LockDirectory(directory.path()).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("devices and pipes are refused, without waiting for a writer") {
  PosixFileSystem files;
  CHECK(files.ReadAll("/dev/zero").status().code() == StatusCode::kFailedPrecondition);
  const TempDirectory directory;
  const std::string fifo = directory.PathOf("fifo");
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(files.ReadAll(fifo).status().code() == StatusCode::kFailedPrecondition);
}

TEST_CASE("a file longer than ReadAllBytesMax is refused by ReadAll only") {
  PosixFileSystem files;
  const TempDirectory directory;
  const std::string path = directory.PathOf("f");
  REQUIRE(files.WriteFileAtomically(path, {}).ok());
  const off_t length = static_cast<off_t>(FileSystem::kReadAllBytesMax) + 1;
  REQUIRE(::truncate(path.c_str(), length) == 0);  // A hole: it takes no space.
  CHECK(files.ReadAll(path).status().code() == StatusCode::kResourceExhausted);
  CHECK(files.Size(path).value() == FileSystem::kReadAllBytesMax + 1);
  std::byte last{1};
  CHECK(files.ReadAt(path, FileSystem::kReadAllBytesMax, std::span(&last, 1)).value() == 1);
  CHECK(last == std::byte{0});
}

TEST_CASE("a full disk is kResourceExhausted and leaves nothing behind") {
  PosixFileSystem files;
  // /dev/full answers every write as a full disk does, and only the temporary file of an atomic
  // write is opened under a name that may exist already.
  const TempDirectory directory;
  const std::string path = directory.PathOf("f");
  REQUIRE(::symlink("/dev/full", (path + ".tmp").c_str()) == 0);
  const std::byte byte{7};
  CHECK(files.WriteFileAtomically(path, std::span(&byte, 1)).code() ==
        StatusCode::kResourceExhausted);
  CHECK_FALSE(files.Exists(path).value());
  CHECK_FALSE(files.Exists(path + ".tmp").value());
}

// Files of this process end at `bytes` for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*const handler_)(int);
  rlimit before_{};
};

TEST_CASE("a file that failed once stays failed, so no hole goes unnoticed") {
  PosixFileSystem files;
  const TempDirectory directory;
  const auto file = files.OpenForAppend(directory.PathOf("f")).value();
  const std::vector<std::byte> bytes(8, std::byte{7});
  absl::Status failed;
  {
    const FileSizeLimit limit(4);
    failed = file->Append(bytes);  // Half of it fits.
  }
  CHECK_FALSE(failed.ok());
  CHECK(file->Append(bytes) == failed);
  CHECK(file->Sync() == failed);
  CHECK(file->Close() == failed);
  CHECK(file->Close().code() == StatusCode::kFailedPrecondition);
  CHECK(files.Size(directory.PathOf("f")).value() == 4);
}

}  // namespace
}  // namespace cairn
