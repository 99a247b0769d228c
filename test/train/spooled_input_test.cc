#include "train/spooled_input.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pipe.h"
#include "temp_files.h"
#include "train/plain_file.h"

namespace cairn {
namespace {

std::string ContentOf(const std::string& path) {
  const auto file = PlainFile::Open(path).value();
  std::string text(file->bytes(), ' ');
  REQUIRE(file->Read(0, text).ok());
  return text;
}

TEST_CASE("SpooledInput keeps what came, as long as it lives, under no name") {
  const TempFiles files;
  Pipe pipe;
  pipe.Write("1 2:3\n");
  pipe.Write("4 5:6\n");
  pipe.EndWriting();
  std::vector<uint64_t> told;
  std::string path;
  {
    const SpooledInput::Options options{"standard input", "stdin", files.directory()};
    const SpooledInput input = SpooledInput::Read(pipe.reading(), options, [&](uint64_t bytes) {
                                 told.push_back(bytes);
                                 return true;
                               }).value();
    path = input.path();
    CHECK(ContentOf(path) == "1 2:3\n4 5:6\n");
    CHECK(ContentOf(path) == "1 2:3\n4 5:6\n");
    CHECK(std::filesystem::is_empty(files.directory()));
    CHECK(PlainFile::Open(path).value()->name().starts_with(files.directory() + "/cairn-stdin-"));
  }
  CHECK_FALSE(PlainFile::Open(path).ok());
  REQUIRE_FALSE(told.empty());
  CHECK(told.front() == 0);
}

TEST_CASE("SpooledInput: giving up, nothing at all, no place") {
  const TempFiles files;
  const auto error = [&](const std::string& directory, bool go_on, absl::StatusCode code) {
    Pipe pipe;
    if (go_on) pipe.EndWriting();
    const absl::Status status =
        SpooledInput::Read(pipe.reading(), {"the pipe", "pipe", directory}, [&](uint64_t) {
          return go_on;
        }).status();
    CHECK(status.code() == code);
    return std::string(MessageOf(status));
  };
  CHECK(error(files.directory(), false, absl::StatusCode::kCancelled) == "interrupted");
  CHECK(error(files.directory(), true, absl::StatusCode::kNotFound) == "the pipe: is empty");
  const std::string none = files.Path("none");
  CHECK(error(none, true, absl::StatusCode::kNotFound) ==
        "the pipe: cannot be kept in " + none + ": No such file or directory");
  CHECK(std::filesystem::is_empty(files.directory()));
}

TEST_CASE("SpooledInput: no room says how much there was, and what to do") {
  const TempFiles files;
  Pipe pipe;
  pipe.Write(std::string(3000, 'x'));
  pipe.EndWriting();
  rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit tight{2048, before.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const absl::Status status =
      SpooledInput::Read(pipe.reading(), {"the pipe", "pipe", files.directory()}, {}).status();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old_handler);
  CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  CHECK(MessageOf(status) == "the pipe: cannot be kept in " + files.directory() +
                                 " beyond 2.0 KiB: File too large; name a file, or set TMPDIR to a "
                                 "directory with more room");
}

}  // namespace
}  // namespace cairn
