#include "cli/output_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("A file appears under its name with Commit, whole", "[output_file]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("out");
  auto file = OutputFile::Open(path);
  REQUIRE(file.ok());
  const std::string large(300'000, 'x');  // More than the buffer.
  CHECK((*file)->Write("a\n").ok());
  CHECK((*file)->Write(large).ok());
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK((*file)->Commit().ok());
  file->reset();
  CHECK(Content(path) == "a\n" + large);
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("Without Commit the old file stays, and nothing else", "[output_file]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("out");
  REQUIRE(WriteOutputFile(path, "old").ok());
  {
    auto file = OutputFile::Open(path);
    REQUIRE(file.ok());
    CHECK((*file)->Write("new").ok());
  }
  CHECK(Content(path) == "old");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("An error of a file is not that of a reader who has gone", "[output_file]") {
  CHECK_FALSE(NobodyReads(OutputFile::Open("/no/such/file").status()));
  CHECK_FALSE(NobodyReads(absl::OkStatus()));
}

TEST_CASE("A file is replaced as a whole, and a stale temporary one is no obstacle",
          "[output_file]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("out");
  REQUIRE(WriteOutputFile(path + ".tmp", "left over by a crash").ok());
  REQUIRE(WriteOutputFile(path, "a longer text").ok());
  REQUIRE(WriteOutputFile(path, "short").ok());
  CHECK(Content(path) == "short");
}

TEST_CASE("A device is written to and stays a device", "[output_file]") {
  CHECK(WriteOutputFile("/dev/null", "gone").ok());
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK_FALSE(std::filesystem::exists("/dev/null.tmp"));
  const absl::Status full = WriteOutputFile("/dev/full", "does not fit");
  CHECK(full.code() == absl::StatusCode::kResourceExhausted);
  CHECK(MessageOf(full) == "cannot write /dev/full: No space left on device");
}

TEST_CASE("Messages call a dash standard output", "[output_file]") {
  CHECK(OutputName("-") == "standard output");
  CHECK(OutputName("a") == "a");
}

TEST_CASE("Errors name the path", "[output_file]") {
  const TempDirectory directory;
  const std::string path = directory.PathOf("no/such/out");
  const absl::Status missing = OutputFile::Open(path).status();
  CHECK(missing.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(missing) == "cannot write " + path + ": No such file or directory");
  const absl::Status folder = OutputFile::Open(directory.path()).status();
  CHECK(MessageOf(folder) == "cannot write " + directory.path() + ": Is a directory");
}

}  // namespace
}  // namespace cairn
