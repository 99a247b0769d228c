#include "train/data_source.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;

std::string Text(size_t bytes, uint64_t seed) {
  std::string text;
  for (uint64_t i = 0; text.size() < bytes; ++i) {
    text += std::to_string(HashWords(seed, i) % 1000) + (i % 7 == 0 ? "\n" : " ");
  }
  text.resize(bytes);
  return text;
}

absl::StatusOr<std::unique_ptr<DataSource>> Open(const std::vector<std::string>& paths) {
  return DataSource::Open(paths, {});
}

std::string ErrorOf(const std::string& path) {
  const auto source = Open({path});
  REQUIRE_FALSE(source.ok());
  return std::string(MessageOf(source.status()));
}

TEST_CASE("DataSource: a compressed file is the same text as a plain one") {
  const TempFiles files;
  for (const size_t bytes : {size_t{1}, size_t{1000}, size_t{70'001}, size_t{300'000}}) {
    const std::string text = Text(bytes, bytes);
    const auto plain = Open({files.Write("plain", text)}).value();
    const auto packed =
        Open({files.Write("no_suffix", bytes % 7 == 0 ? Zstd(text) : Gzip(text))}).value();
    CHECK(plain->files()[0].bytes == bytes);
    CHECK(packed->files()[0].bytes == bytes);
    CHECK(plain->files()[0].fingerprint == packed->files()[0].fingerprint);
    CHECK(plain->row_bytes(0) == 0);
    std::string buffer;
    for (const uint64_t offset : {uint64_t{0}, uint64_t{bytes / 2}, uint64_t{bytes}}) {
      for (const uint64_t want : {uint64_t{0}, uint64_t{64}, ~uint64_t{0}}) {
        CHECK(plain->Read(0, offset, want, &buffer).value() == text.substr(offset, want));
        CHECK(packed->Read(0, offset, want, &buffer).value() == text.substr(offset, want));
      }
    }
    CHECK(plain->Read(0, ~uint64_t{0}, 1, &buffer).value().empty());
  }
}

TEST_CASE("DataSource: the fingerprint sees both ends, the size and pieces between") {
  const TempFiles files;
  const std::string text = Text(200'000, 1);
  const auto fingerprint = [&](const std::string& other) {
    return Open({files.Write("file", other)}).value()->files()[0].fingerprint;
  };
  const uint64_t original = fingerprint(text);
  CHECK(fingerprint(text) == original);
  CHECK(fingerprint(text + "\n") != original);
  std::string first = text;
  first[0] = 'x';
  CHECK(fingerprint(first) != original);
  std::string last = text;
  last.back() = 'x';
  CHECK(fingerprint(last) != original);
  CHECK(fingerprint(text.substr(0, 65'536) + Text(68'928, 2) + text.substr(134'464)) != original);
}

TEST_CASE("DataSource: several files keep their order") {
  const TempFiles files;
  const auto source =
      Open({files.Write("b", "22"), files.Write("a", "1"), files.Write("c", Zstd("333"))}).value();
  REQUIRE(source->files().size() == 3);
  std::string buffer;
  CHECK(source->Read(0, 0, 9, &buffer).value() == "22");
  CHECK(source->Read(1, 0, 9, &buffer).value() == "1");
  CHECK(source->Read(2, 0, 9, &buffer).value() == "333");
  CHECK(source->files()[2].path == files.Path("c"));
}

TEST_CASE("DataSource::Open says what is wrong with a path") {
  const TempFiles files;
  CHECK(MessageOf(Open({}).status()) == "no data file is named");
  const std::string none = files.Path("none");
  CHECK(Open({none}).status().code() == absl::StatusCode::kNotFound);
  CHECK(ErrorOf(none) == none + ": cannot open the data file: No such file or directory");
  for (const std::string& nothing : {std::string(), Zstd(""), Gzip("")}) {
    const std::string empty = files.Write("empty", nothing);
    CHECK(ErrorOf(empty) == empty + ": the data file is empty");
  }
  // One bad file spoils the list.
  CHECK(Open({files.Write("good", "1\n"), none}).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("DataSource: the bound of memory counts all compressed files, and only them") {
  const TempFiles files;
  const std::string packed = files.Write("packed", Zstd(Text(1000, 1)));
  const std::string plain = files.Write("plain", Text(100'000, 1));
  CHECK(DataSource::Open({packed, plain, packed}, {.decompressed_bytes_max = 2000}).ok());
  const auto refused = DataSource::Open({packed, packed}, {.decompressed_bytes_max = 1999});
  CHECK(refused.status().code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(MessageOf(refused.status())), Contains(packed));
}

TEST_CASE("DataSource: a plain file that changes while it is open is an error") {
  const TempFiles files;
  const std::string path = files.Write("file", "0123456789");
  std::string buffer;
  SECTION("a plain one") {
    const auto source = Open({path}).value();
    files.Write("file", "0123456789+");
    CHECK(source->Read(0, 0, 1, &buffer).status().code() == absl::StatusCode::kFailedPrecondition);
  }
  SECTION("a compressed one is in memory already") {
    files.Write("file", Zstd("0123456789"));
    const auto source = Open({path}).value();
    files.Write("file", "");
    CHECK(source->Read(0, 3, 2, &buffer).value() == "34");
  }
}

TEST_CASE("DataSource: images and labels are one text of rows") {
  const TempFiles files;
  files.Write("t-labels-idx1", IdxHeaderOf({2}) + "01");
  const auto source = Open({files.Write("t-images-idx3", IdxHeaderOf({2, 1, 2}) + "aabb")}).value();
  CHECK(source->files()[0].bytes == 6);
  CHECK(source->row_bytes(0) == 3);
  CHECK(source->storage(0).bytes == 16 + 4 + 8 + 2);
  std::string buffer;
  CHECK(source->Read(0, 0, 6, &buffer).value() == "0aa1bb");
  CHECK(source->LineNumber(0, 0).value() == 1);
  CHECK(source->LineNumber(0, 3).value() == 2);
  const uint64_t fingerprint = source->files()[0].fingerprint;
  files.Write("t-labels-idx1", IdxHeaderOf({2}) + "00");
  CHECK(Open({files.Path("t-images-idx3")}).value()->files()[0].fingerprint != fingerprint);
}

TEST_CASE("DataError: what is wrong with data is no wrong option and no damaged model") {
  const auto code = [](const absl::Status& status) { return DataError(status).code(); };
  CHECK(code(InvalidArgument("x")) == absl::StatusCode::kNotFound);
  CHECK(code(FailedPrecondition("x")) == absl::StatusCode::kNotFound);
  CHECK(MessageOf(DataError(DataLoss("x"))) == "x");
  CHECK(code(DataLoss("x")) == absl::StatusCode::kNotFound);
  CHECK(code(MakeError(absl::StatusCode::kResourceExhausted, "x")) ==
        absl::StatusCode::kResourceExhausted);
  CHECK(code(MakeError(absl::StatusCode::kCancelled, "x")) == absl::StatusCode::kCancelled);
  CHECK(DataError(absl::OkStatus()).ok());
}

TEST_CASE("DataSource::LineNumber counts from 1, newlines belonging to the line they end") {
  const TempFiles files;
  const auto source = Open({files.Write("file", "a\n\nbc\nd")}).value();
  const uint64_t lines[] = {1, 1, 2, 3, 3, 3, 4};
  for (uint64_t offset = 0; offset < 7; ++offset) {
    CHECK(source->LineNumber(0, offset).value() == lines[offset]);
  }
}

TEST_CASE("DataSource::LineNumber is right in files longer than its reads") {
  const TempFiles files;
  std::string text;
  while (text.size() < 2'500'000) text += "123456789\n";
  const auto source = Open({files.Write("file", text)}).value();
  CHECK(source->LineNumber(0, 2'400'005).value() == 240'001);
  CHECK(source->LineNumber(0, ~uint64_t{0}).value() == 250'001);
}

}  // namespace
}  // namespace cairn
