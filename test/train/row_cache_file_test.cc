#include "train/row_cache_file.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/status.h"
#include "temp_files.h"

namespace cairn {
namespace {

const std::vector<RowCacheEntry> kIndex = {{0, 3, 7}, {5, RowCacheEntry::kTextOnly, 1}};

struct Fixture {
  TempFiles files;
  std::string path = files.Path("x.rows");

  std::unique_ptr<RowCacheFile> Create() { return RowCacheFile::Create(path, "me").value(); }
  void Publish() {
    const auto file = Create();
    REQUIRE(file->Append("abc").ok());
    REQUIRE(file->Publish(kIndex).ok());
  }
  std::string Bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  size_t FilesThere() const {
    const std::filesystem::directory_iterator begin(std::filesystem::path(path).parent_path());
    return static_cast<size_t>(std::distance(begin, std::filesystem::directory_iterator()));
  }
};

TEST_CASE_METHOD(Fixture, "What is published can be opened by others", "[row_cache_file]") {
  CHECK(absl::IsNotFound(RowCacheFile::Open(path, "me").status()));
  const auto file = Create();
  const uint64_t first = file->Append("abc").value(), second = file->Append("defg").value();
  std::string read(4, ' ');
  REQUIRE(file->Read(second, read).ok());
  CHECK(read == "defg");
  CHECK(absl::IsNotFound(RowCacheFile::Open(path, "me").status()));  // Not before it is whole.
  REQUIRE(file->Publish(kIndex).ok());
  const auto opened = RowCacheFile::Open(path, "me");
  REQUIRE(opened.ok());
  CHECK(opened->index == kIndex);
  read.resize(3);
  REQUIRE(opened->file->Read(first, read).ok());
  CHECK(read == "abc");
  REQUIRE(file->Read(first, read).ok());  // And goes on to be read where it was made.
}

TEST_CASE_METHOD(Fixture, "Its bytes are those of the page", "[row_cache_file]") {
  Publish();
  const std::string bytes = Bytes();
  REQUIRE(bytes.size() == 24 + 2 + 3 + 2 * 16 + 32);
  CHECK(bytes.substr(0, 16) == std::string("CAIRNROW\1\0\0\0\2\0\0\0", 16));
  CHECK(bytes.substr(24, 5) == "meabc");
  CHECK(bytes.substr(29, 16) == std::string("\0\0\0\0\0\0\0\0\3\0\0\0\7\0\0\0", 16));
  CHECK(bytes.substr(61, 16) == std::string("\35\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
  CHECK(bytes.substr(85) == "CAIRNROW");
}

TEST_CASE_METHOD(Fixture, "Other data and other versions are named", "[row_cache_file]") {
  Publish();
  const absl::Status other = RowCacheFile::Open(path, "you").status();
  CHECK(other.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(other) == path + ": is made of other data");
  std::string bytes = Bytes();
  bytes[8] = 2;
  std::ofstream(path, std::ios::binary) << bytes;
  CHECK(MessageOf(RowCacheFile::Open(path, "me").status()) == path + ": is of version 2, not 1");
}

TEST_CASE_METHOD(Fixture, "Damage of any byte of header, index or footer is found",
                 "[row_cache_file]") {
  Publish();
  const std::string bytes = Bytes();
  const auto opens = [&](const std::string& with) {
    std::ofstream(path, std::ios::binary) << with;
    return RowCacheFile::Open(path, "me").ok();
  };
  CHECK(opens(bytes));
  for (size_t at = 0; at < bytes.size(); ++at) {
    CAPTURE(at);
    CHECK_FALSE(opens(bytes.substr(0, at)));
    if (at >= 26 && at < 29) continue;  // Rows have their own sums.
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    CHECK_FALSE(opens(changed));
  }
}

TEST_CASE_METHOD(Fixture, "One that is never published leaves nothing", "[row_cache_file]") {
  {
    const auto file = Create();
    REQUIRE(file->Append("abc").ok());
    CHECK(FilesThere() == 1);
    const auto another = Create();  // Of a process that does the same at the same time.
    CHECK(FilesThere() == 2);
  }
  CHECK(FilesThere() == 0);
  // What a process left that died.
  files.Write("x.rows.1.rows-tmp", "abc");
  const auto file = Create();
  CHECK(FilesThere() == 1);
}

TEST_CASE_METHOD(Fixture, "No directory, no file", "[row_cache_file]") {
  const absl::Status status = RowCacheFile::Create(files.Path("no/x.rows"), "me").status();
  CHECK(absl::IsNotFound(status));
  CHECK(MessageOf(status).find("no/x.rows: cannot be made") != std::string_view::npos);
}

}  // namespace
}  // namespace cairn
