// What every FileSystem promises, tried on each of ours.
#include "base/file_system.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_file_system.h"
#include "base/posix_file_system.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

using absl::StatusCode;
using Names = std::vector<std::string>;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string Text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class OnDisk {
 public:
  FileSystem& files() { return files_; }
  std::string operator()(const std::string& name) const { return directory_.PathOf(name); }

 private:
  PosixFileSystem files_;
  TempDirectory directory_;
};

class InMemory {
 public:
  InMemory() { REQUIRE(files_.CreateDirectories("/root").ok()); }

  FileSystem& files() { return files_; }
  std::string operator()(const std::string& name) const { return JoinPath("/root", name); }

 private:
  MemoryFileSystem files_;
};

void Write(FileSystem& files, const std::string& path, std::string_view text) {
  auto file = files.OpenForAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append(Bytes(text)).ok());
  REQUIRE((*file)->Sync().ok());
  REQUIRE((*file)->Close().ok());
}

std::string Read(FileSystem& files, const std::string& path) {
  const auto bytes = files.ReadAll(path);
  return bytes.ok() ? Text(*bytes) : std::string("error: ") + bytes.status().ToString();
}

TEMPLATE_TEST_CASE("a file holds what was appended, in order", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  auto file = files.OpenForAppend(at("f"));
  REQUIRE(file.ok());
  CHECK(Read(files, at("f")) == "");
  CHECK((*file)->Append(Bytes("one ")).ok());
  CHECK((*file)->Append({}).ok());
  CHECK((*file)->Append(Bytes("two")).ok());
  CHECK(Read(files, at("f")) == "one two");
  CHECK((*file)->Sync().ok());
  CHECK((*file)->Append(Bytes("!")).ok());
  CHECK((*file)->Close().ok());
  CHECK(Read(files, at("f")) == "one two!");
  CHECK(files.Size(at("f")).value() == 8);
}

TEMPLATE_TEST_CASE("a closed file takes nothing more", "", OnDisk, InMemory) {
  TestType at;
  auto file = at.files().OpenForAppend(at("f"));
  REQUIRE(file.ok());
  REQUIRE((*file)->Close().ok());
  CHECK((*file)->Append(Bytes("x")).code() == StatusCode::kFailedPrecondition);
  CHECK((*file)->Sync().code() == StatusCode::kFailedPrecondition);
  CHECK((*file)->Close().code() == StatusCode::kFailedPrecondition);
}

TEMPLATE_TEST_CASE("OpenForAppend never touches what is there", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  Write(files, at("f"), "old");
  CHECK(files.OpenForAppend(at("f")).status().code() == StatusCode::kAlreadyExists);
  REQUIRE(files.CreateDirectories(at("d")).ok());
  CHECK(files.OpenForAppend(at("d")).status().code() == StatusCode::kAlreadyExists);
  CHECK(Read(files, at("f")) == "old");
}

TEMPLATE_TEST_CASE("OpenZeroed is written over, and grows beyond", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  const std::string path = at("zeroed");
  auto file = files.OpenZeroed(path, 4);
  REQUIRE(file.ok());
  CHECK(Read(files, path) == std::string(4, '\0'));
  CHECK((*file)->Append(Bytes("ab")).ok());
  CHECK((*file)->Sync().ok());
  CHECK(Read(files, path) == std::string("ab\0\0", 4));
  CHECK((*file)->Append(Bytes("cdef")).ok());
  CHECK(Read(files, path) == "abcdef");
  CHECK(files.OpenZeroed(path, 4).status().code() == StatusCode::kAlreadyExists);
  CHECK(Read(files, path) == "abcdef");
  // What an earlier process left of it is in nobody's way.
  Write(files, at("again.tmp"), "left behind");
  REQUIRE(files.OpenZeroed(at("again"), 4).ok());
  CHECK(Read(files, at("again")) == std::string(4, '\0'));
}

TEMPLATE_TEST_CASE("ReadAt reads up to the end of the file", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  Write(files, at("f"), "0123456789");
  const auto read_at = [&](uint64_t offset, size_t most) {
    std::vector<std::byte> buffer(most);
    const auto got = files.ReadAt(at("f"), offset, buffer);
    REQUIRE(got.ok());
    buffer.resize(*got);
    return Text(buffer);
  };
  CHECK(read_at(0, 4) == "0123");
  CHECK(read_at(4, 6) == "456789");
  CHECK(read_at(8, 6) == "89");
  CHECK(read_at(10, 6) == "");
  CHECK(read_at(3, 0) == "");
  CHECK(read_at(std::numeric_limits<uint64_t>::max(), 6) == "");
}

TEMPLATE_TEST_CASE("WriteFileAtomically makes and replaces", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  CHECK(files.WriteFileAtomically(at("f"), Bytes("first, long")).ok());
  CHECK(Read(files, at("f")) == "first, long");
  CHECK(files.WriteFileAtomically(at("f"), Bytes("second")).ok());
  CHECK(Read(files, at("f")) == "second");
  CHECK(files.WriteFileAtomically(at("f"), {}).ok());
  CHECK(Read(files, at("f")) == "");
  CHECK(files.List(at("")).value() == Names{"f"});
}

TEMPLATE_TEST_CASE("WriteFileAtomically leaves a directory alone", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  REQUIRE(files.CreateDirectories(at("d")).ok());
  CHECK(files.WriteFileAtomically(at("d"), Bytes("x")).code() == StatusCode::kFailedPrecondition);
  CHECK(files.List(at("")).value() == Names{"d"});
}

TEMPLATE_TEST_CASE("CreateDirectories makes what is missing", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  CHECK(files.CreateDirectories(at("a/b//c/")).ok());
  CHECK(files.CreateDirectories(at("a/b/c")).ok());
  Write(files, at("a/b/c/f"), "deep");
  CHECK(Read(files, at("a/./b//c/f")) == "deep");
  CHECK(files.CreateDirectories(at("a/b/c/f")).code() == StatusCode::kFailedPrecondition);
  CHECK(files.CreateDirectories(at("a/b/c/f/g")).code() == StatusCode::kFailedPrecondition);
  CHECK(files.CreateDirectories("/").ok());
  CHECK(files.CreateDirectories(".").ok());
  CHECK(files.CreateDirectories("").code() == StatusCode::kNotFound);
}

TEMPLATE_TEST_CASE("List gives names in ascending order", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  CHECK(files.List(at("")).value().empty());
  REQUIRE(files.CreateDirectories(at("b/inner")).ok());
  for (const char* name : {"c", "a", "B", "b.x", "b/hidden"}) Write(files, at(name), name);
  CHECK(files.List(at("")).value() == Names{"B", "a", "b", "b.x", "c"});
  CHECK(files.List(at("b/")).value() == Names{"hidden", "inner"});
  CHECK(files.List(at("a")).status().code() == StatusCode::kFailedPrecondition);
  CHECK(files.List(at("none")).status().code() == StatusCode::kNotFound);
}

TEMPLATE_TEST_CASE("Exists knows files and directories", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  Write(files, at("f"), "");
  CHECK(files.Exists(at("f")).value());
  CHECK(files.Exists(at("")).value());
  CHECK_FALSE(files.Exists(at("g")).value());
  CHECK_FALSE(files.Exists(at("f/g")).value());
  CHECK_FALSE(files.Exists("").value());
}

TEMPLATE_TEST_CASE("Remove takes files and empty directories", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  REQUIRE(files.CreateDirectories(at("d")).ok());
  Write(files, at("d/f"), "x");
  CHECK(files.Remove(at("d")).code() == StatusCode::kFailedPrecondition);
  CHECK(files.Remove(at("d/f")).ok());
  CHECK(files.Remove(at("d/f")).code() == StatusCode::kNotFound);
  CHECK(files.Remove(at("d")).ok());
  CHECK(files.List(at("")).value().empty());
  Write(files, at("d"), "a file now");
  CHECK(Read(files, at("d")) == "a file now");
}

TEMPLATE_TEST_CASE("a removed file can still be written to, unseen", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  auto file = files.OpenForAppend(at("f"));
  REQUIRE(file.ok());
  REQUIRE(files.Remove(at("f")).ok());
  CHECK((*file)->Append(Bytes("x")).ok());
  CHECK_FALSE(files.Exists(at("f")).value());
  Write(files, at("f"), "new");
  CHECK((*file)->Append(Bytes("y")).ok());
  CHECK(Read(files, at("f")) == "new");
}

TEMPLATE_TEST_CASE("errors have a code and name the path", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  Write(files, at("f"), "x");
  std::vector<std::byte> buffer(1);
  const auto check = [](const absl::Status& status, StatusCode code, const std::string& path) {
    CHECK(status.code() == code);
    CHECK_THAT(status.ToString(), Catch::Matchers::Contains(path));
  };
  for (const auto& [path, code] :
       {std::pair(at("none"), StatusCode::kNotFound), std::pair(at("no/ne"), StatusCode::kNotFound),
        std::pair(at("f/below"), StatusCode::kFailedPrecondition)}) {
    check(files.ReadAll(path).status(), code, path);
    check(files.Size(path).status(), code, path);
    check(files.ReadAt(path, 0, buffer).status(), code, path);
    check(files.Remove(path), code, path);
    check(files.SyncDirectory(path), code, path);
  }
  check(files.OpenForAppend(at("no/ne")).status(), StatusCode::kNotFound, at("no/ne"));
  check(files.WriteFileAtomically(at("no/ne"), buffer), StatusCode::kNotFound, at("no/ne"));
  const auto below = StatusCode::kFailedPrecondition;
  check(files.OpenForAppend(at("f/below")).status(), below, at("f/below"));
  check(files.WriteFileAtomically(at("f/below"), buffer), below, at("f/below"));
}

TEMPLATE_TEST_CASE("a directory is not a file, nor a file a directory", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  Write(files, at("f"), "x");
  std::vector<std::byte> buffer(1);
  CHECK(files.ReadAll(at("")).status().code() == StatusCode::kFailedPrecondition);
  CHECK(files.Size(at("")).status().code() == StatusCode::kFailedPrecondition);
  CHECK(files.ReadAt(at(""), 0, buffer).status().code() == StatusCode::kFailedPrecondition);
  CHECK(files.SyncDirectory(at("f")).code() == StatusCode::kFailedPrecondition);
  CHECK(files.SyncDirectory(at("")).ok());
}

TEMPLATE_TEST_CASE("a directory is locked for one at a time", "", OnDisk, InMemory) {
  TestType at;
  FileSystem& files = at.files();
  CHECK(files.LockDirectory(at("missing")).status().code() == absl::StatusCode::kNotFound);
  REQUIRE(files.CreateDirectories(at("held")).ok());
  REQUIRE(files.CreateDirectories(at("free")).ok());
  {
    const auto lock = files.LockDirectory(at("held"));
    REQUIRE(lock.ok());
    const absl::Status second = files.LockDirectory(at("held")).status();
    CHECK(second.code() == absl::StatusCode::kFailedPrecondition);
    CHECK_THAT(std::string(second.message()),
               Catch::StartsWith(at("held") + " is in use by ") && Catch::Contains("process"));
    CHECK(files.LockDirectory(at("free")).ok());
  }
  CHECK(files.LockDirectory(at("held")).ok());
}

TEST_CASE("ParentDirectory and JoinPath") {
  CHECK(ParentDirectory("a/b") == "a");
  CHECK(ParentDirectory("a//b") == "a");
  CHECK(ParentDirectory("a/b/") == "a");
  CHECK(ParentDirectory("/a") == "/");
  CHECK(ParentDirectory("/a/b") == "/a");
  CHECK(ParentDirectory("/") == "/");
  CHECK(ParentDirectory("a") == ".");
  CHECK(ParentDirectory("a/") == ".");
  CHECK(ParentDirectory("") == ".");
  CHECK(JoinPath("a", "b") == "a/b");
  CHECK(JoinPath("a/", "b") == "a/b");
  CHECK(JoinPath("/", "b") == "/b");
  CHECK(JoinPath("", "b") == "b");
}

}  // namespace
}  // namespace cairn
