#include "cluster/find_program.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/file_system.h"
#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

// An executable file; returns its path.
std::string MakeProgram(const TempDirectory& directory, const std::string& name) {
  std::string path = directory.PathOf(name);
  std::ofstream(path) << "#!/bin/sh\n";
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

TEST_CASE("a program beside ours comes before those of PATH", "[find_program]") {
  const TempDirectory beside, first, second;
  const std::string path = Concat("/no/such/folder::", first.path(), ":", second.path());
  MakeProgram(second, "tool");
  CHECK(*FindProgram("tool", beside.path(), path) == JoinPath(second.path(), "tool"));
  MakeProgram(first, "tool");
  CHECK(*FindProgram("tool", beside.path(), path) == JoinPath(first.path(), "tool"));
  MakeProgram(beside, "tool");
  CHECK(*FindProgram("tool", beside.path(), path) == JoinPath(beside.path(), "tool"));
}

TEST_CASE("what is no executable file is no program, and the error says where it was looked for",
          "[find_program]") {
  const TempDirectory beside, folder;
  std::ofstream(beside.PathOf("tool")) << "text\n";
  std::filesystem::create_directory(folder.PathOf("tool"));
  const absl::Status missing = FindProgram("tool", beside.path(), folder.path()).status();
  CHECK(missing.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(missing)), Catch::Contains("the program tool") &&
                                                  Catch::Contains(beside.path()) &&
                                                  Catch::Contains(folder.path()));
}

TEST_CASE("our own directory holds the program that runs", "[find_program]") {
  CHECK(std::filesystem::exists(JoinPath(OwnDirectory(), "cluster_test")));
}

}  // namespace
}  // namespace cairn
