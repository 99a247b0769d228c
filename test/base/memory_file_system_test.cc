// What survives a crash; the common promises are tried in file_system_test.cc.
#include "base/memory_file_system.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <thread>

namespace cairn {
namespace {

using absl::StatusCode;
using FileNames = std::vector<std::string>;

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string Read(MemoryFileSystem& files, const std::string& path) {
  const auto bytes = files.ReadAll(path);
  if (!bytes.ok()) return "error";
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

std::unique_ptr<WritableFile> Create(MemoryFileSystem& files, const std::string& path,
                                     std::string_view text) {
  auto file = files.OpenForAppend(path);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append(Bytes(text)).ok());
  return *std::move(file);
}

TEST_CASE("a crash takes unsynced bytes") {
  MemoryFileSystem files;
  const auto file = Create(files, "f", "safe");
  REQUIRE(file->Sync().ok());
  REQUIRE(files.SyncDirectory(".").ok());
  REQUIRE(file->Append(Bytes(" lost")).ok());
  files.Crash();
  CHECK(Read(files, "f") == "safe");
}

TEST_CASE("a crash takes names that were not synced, whatever their bytes") {
  MemoryFileSystem files;
  REQUIRE(Create(files, "f", "x")->Sync().ok());
  files.Crash();
  CHECK_FALSE(files.Exists("f").value());
}

TEST_CASE("a synced name without synced bytes is an empty file") {
  MemoryFileSystem files;
  const auto file = Create(files, "f", "x");
  REQUIRE(files.SyncDirectory(".").ok());
  files.Crash();
  CHECK(Read(files, "f") == "");
}

TEST_CASE("a removal that was not synced is undone by a crash") {
  MemoryFileSystem files;
  REQUIRE(files.WriteFileAtomically("f", Bytes("x")).ok());
  REQUIRE(files.WriteFileAtomically("g", Bytes("y")).ok());
  REQUIRE(files.Remove("g").ok());
  REQUIRE(files.SyncDirectory(".").ok());
  REQUIRE(files.Remove("f").ok());
  CHECK(files.List(".").value().empty());
  files.Crash();
  CHECK(files.List(".").value() == FileNames{"f"});
  CHECK(Read(files, "f") == "x");
}

TEST_CASE("WriteFileAtomically survives, and leaves nothing of the old content") {
  MemoryFileSystem files;
  REQUIRE(files.CreateDirectories("d").ok());
  REQUIRE(files.WriteFileAtomically("d/f", Bytes("old")).ok());
  REQUIRE(files.WriteFileAtomically("d/f", Bytes("new")).ok());
  files.Crash();
  CHECK(Read(files, "d/f") == "new");
}

TEST_CASE("syncing a directory makes only its own names durable") {
  MemoryFileSystem files;
  REQUIRE(files.CreateDirectories("/a/b").ok());
  REQUIRE(Create(files, "/a/f", "x")->Sync().ok());
  REQUIRE(Create(files, "/a/b/g", "y")->Sync().ok());
  REQUIRE(files.SyncDirectory("/a").ok());
  files.Crash();
  CHECK(files.List("/a").value() == FileNames{"b", "f"});
  CHECK(files.List("/a/b").value().empty());
}

TEST_CASE("a removed directory comes back until its parent is synced, then stays away") {
  MemoryFileSystem files;
  REQUIRE(files.CreateDirectories("a/b").ok());
  REQUIRE(files.WriteFileAtomically("a/b/f", Bytes("x")).ok());
  const auto remove_all = [&] {
    REQUIRE(files.Remove("a/b/f").ok());
    REQUIRE(files.Remove("a/b").ok());
  };
  remove_all();
  files.Crash();
  CHECK(Read(files, "a/b/f") == "x");
  remove_all();
  REQUIRE(files.SyncDirectory("a").ok());
  files.Crash();
  CHECK(files.List("a").value().empty());
  REQUIRE(files.CreateDirectories("a/b").ok());
  files.Crash();
  CHECK(files.List("a/b").value().empty());
}

TEST_CASE("a directory made anew does not bring its old files back") {
  MemoryFileSystem files;
  REQUIRE(files.CreateDirectories("a").ok());
  REQUIRE(files.WriteFileAtomically("a/f", Bytes("x")).ok());
  REQUIRE(files.Remove("a/f").ok());
  REQUIRE(files.Remove("a").ok());
  REQUIRE(files.CreateDirectories("a").ok());
  files.Crash();
  CHECK(files.List("a").value().empty());
}

TEST_CASE("files that were open in a crash can no longer be written") {
  MemoryFileSystem files;
  const auto file = Create(files, "f", "x");
  REQUIRE(files.SyncDirectory(".").ok());
  files.Crash();
  CHECK(file->Append(Bytes("y")).code() == StatusCode::kUnavailable);
  CHECK(file->Sync().code() == StatusCode::kUnavailable);
  CHECK(file->Close().code() == StatusCode::kUnavailable);
  CHECK(Read(files, "f") == "");
}

TEST_CASE("a crash leaves the zeros of a file where nothing was synced") {
  MemoryFileSystem files;
  auto file = files.OpenZeroed("/f", 6);
  REQUIRE(file.ok());
  REQUIRE((*file)->Append(Bytes("ab")).ok());
  REQUIRE((*file)->Sync().ok());
  REQUIRE((*file)->Append(Bytes("cdefgh")).ok());
  files.Crash();
  CHECK(Read(files, "/f") == std::string("ab\0\0\0\0", 6));
}

TEST_CASE("FlipBit changes one bit, for good") {
  MemoryFileSystem files;
  REQUIRE(files.WriteFileAtomically("f", Bytes("AB")).ok());
  REQUIRE(files.FlipBit("f", 9).ok());  // 'B' is 0x42, '@' is 0x40.
  CHECK(Read(files, "f") == "A@");
  files.Crash();
  CHECK(Read(files, "f") == "A@");
  CHECK(files.FlipBit("f", 16).code() == StatusCode::kOutOfRange);
  CHECK(files.FlipBit("g", 0).code() == StatusCode::kNotFound);
}

TEST_CASE("threads may share it") {
  MemoryFileSystem files;
  const auto work = [&files](const std::string& name) {
    auto file = files.OpenForAppend(name);
    for (int i = 0; i < 1000; ++i) {
      (void)(*file)->Append(Bytes("x"));
      (void)files.List(".");
    }
  };
  std::thread one(work, "one");
  std::thread two(work, "two");
  one.join();
  two.join();
  CHECK(files.Size("one").value() == 1000);
  CHECK(files.Size("two").value() == 1000);
}

}  // namespace
}  // namespace cairn
