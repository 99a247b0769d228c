#include "train/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

#include "base/status.h"
#include "temp_files.h"

namespace cairn {
namespace {

absl::Status ReadOne(const PlainFile& file) {
  char byte;
  return file.Read(0, {&byte, 1});
}

std::string ErrorOf(const std::string& path) {
  const auto file = PlainFile::Open(path);
  REQUIRE_FALSE(file.ok());
  return std::string(MessageOf(file.status()));
}

TEST_CASE("PlainFile reads at any offset") {
  const TempFiles files;
  const auto file = PlainFile::Open(files.Write("file", "0123456789")).value();
  CHECK(file->bytes() == 10);
  CHECK(file->name() == files.Path("file"));
  std::string buffer(4, ' ');
  REQUIRE(file->Read(3, buffer).ok());
  CHECK(buffer == "3456");
}

TEST_CASE("PlainFile::Open says what is wrong with a path") {
  const TempFiles files;
  const std::string none = files.Path("none");
  CHECK(PlainFile::Open(none).status().code() == absl::StatusCode::kNotFound);
  CHECK(ErrorOf(none) == none + ": cannot open the data file: No such file or directory");
  CHECK(ErrorOf(files.directory()) ==
        files.directory() + ": is a directory where a data file is expected");
  const std::string pipe = files.Path("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(ErrorOf(pipe) == pipe + ": is not a regular file; data is read more than once");
  const std::string file = files.Write("file", "x");
  CHECK(PlainFile::Open(file + "/below").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("FileError: whoever may not read is told so, and the disk's faults are no cluster's") {
  const auto code = [](int error) { return FileError("f", "cannot be read", error).code(); };
  CHECK(MessageOf(FileError("f", "cannot be read", EACCES)) ==
        "f: cannot be read: Permission denied");
  CHECK(code(EACCES) == absl::StatusCode::kPermissionDenied);
  CHECK(code(ENOTDIR) == absl::StatusCode::kNotFound);
  CHECK(code(EMFILE) == absl::StatusCode::kResourceExhausted);
  CHECK(code(EIO) == absl::StatusCode::kDataLoss);
}

TEST_CASE("PlainFile: a file that is written to while it is open is an error") {
  const TempFiles files;
  const std::string path = files.Write("file", "0123456789");
  const auto file = PlainFile::Open(path).value();
  REQUIRE(ReadOne(*file).ok());
  SECTION("longer") { files.Write("file", "0123456789+"); }
  SECTION("shorter") { files.Write("file", ""); }
  SECTION("written at another time, same size") {
    const timespec long_ago[2] = {{1, 0}, {1, 0}};
    REQUIRE(utimensat(AT_FDCWD, path.c_str(), long_ago, 0) == 0);
  }
  const absl::Status status = ReadOne(*file);
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(status) == path +
                                 ": the data file has been written to since it was opened; start "
                                 "again once it is complete");
}

TEST_CASE("PlainFile: a file that is replaced goes on to be read as it was") {
  const TempFiles files;
  const std::string path = files.Write("file", "old");
  const auto file = PlainFile::Open(path).value();
  std::filesystem::rename(files.Write("new", "new!"), path);
  std::string buffer(3, ' ');
  REQUIRE(file->Read(0, buffer).ok());
  CHECK(buffer == "old");
}

TEST_CASE("ReadableName: the name that a removed file had") {
  const TempFiles files;
  const std::string path = files.Write("file", "text");
  CHECK(ReadableName(path) == path);
  CHECK(ReadableName("/proc/none") == "/proc/none");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  const std::string held = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
  CHECK(ReadableName(held) == held);
  std::filesystem::remove(path);
  CHECK(ReadableName(held) == path);
  CHECK(PlainFile::Open(held).value()->name() == path);
  ::close(fd);
}

}  // namespace
}  // namespace cairn
