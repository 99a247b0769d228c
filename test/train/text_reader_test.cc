#include "train/text_reader.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "decode_all.h"
#include "temp_files.h"

namespace cairn {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

absl::StatusOr<std::string> ReadAll(const std::string& path, uint64_t bytes_max = kPlenty) {
  CAIRN_ASSIGN_OR_RETURN(const auto file, PlainFile::Open(path));
  CAIRN_ASSIGN_OR_RETURN(const auto reader, TextReader::Open(file.get()));
  CAIRN_ASSIGN_OR_RETURN(const TextMemory text, ReadAllText(reader.get(), file->name(), bytes_max));
  return std::string(text.view());
}

std::string ErrorOf(const std::string& path) {
  const auto text = ReadAll(path);
  REQUIRE_FALSE(text.ok());
  return std::string(MessageOf(text.status()));
}

TEST_CASE("TextReader: compressed files are the same text as plain ones, in pieces of any size") {
  const TempFiles files;
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{700'000}}) {
    const std::string text = HashText(bytes);
    for (const std::string& content : {text, Zstd(text), Gzip(text)}) {
      const auto file = PlainFile::Open(files.Write("file", content)).value();
      const auto reader = TextReader::Open(file.get()).value();
      std::string read;
      std::string piece(77'777, '\0');
      while (true) {
        const size_t got = reader->Read(piece).value();
        read.append(piece, 0, got);
        if (got < piece.size()) break;
      }
      CHECK(read == text);
      CHECK(reader->Read(piece).value() == 0);
    }
  }
}

TEST_CASE("TextReader says how the file is stored") {
  const TempFiles files;
  const auto compression = [&](std::string_view content) {
    const auto file = PlainFile::Open(files.Write("file", content)).value();
    return TextReader::Open(file.get()).value()->compression();
  };
  CHECK(compression("text") == Compression::kNone);
  CHECK(compression(Zstd("text")) == Compression::kZstd);
  CHECK(compression(Gzip("text")) == Compression::kGzip);
}

TEST_CASE("TextReader: damage is told with the file, what came before, and what to do") {
  const TempFiles files;
  const std::string text = HashText(400'000);
  const std::string again = "; get the file once more from where it came from";
  const std::string zstd_garbage = files.Write("a.zst", Zstd("12345") + "garbage");
  CHECK(ErrorOf(zstd_garbage) ==
        zstd_garbage +
            ": damaged zstd data (Unknown frame descriptor), after 5 bytes of text that could be "
            "read" +
            again);
  const std::string gzip_garbage = files.Write("a.gz", Gzip("1") + "garbage");
  CHECK(ErrorOf(gzip_garbage) ==
        gzip_garbage +
            ": damaged gzip data (incorrect header check), after 1 byte of text that could be "
            "read" +
            again);
  for (const std::string& whole : {Gzip(text), Zstd(text)}) {
    const std::string cut = files.Write("cut", whole.substr(0, whole.size() / 2));
    const std::string error = ErrorOf(cut);
    CHECK(error.starts_with(
        cut + ": the compressed data ends in the middle: the file has been cut off, after "));
    const std::string after = error.substr(error.find("after ") + 6);
    const int thousands = std::stoi(after);  // Up to the comma.
    CHECK(thousands > 100);
    CHECK(thousands < 300);
    CHECK(ReadAll(cut).status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("TextReader: what is surely no data is refused by its name") {
  using std::string_view_literals::operator""sv;
  const TempFiles files;
  const auto error = [&](std::string_view content) {
    const std::string path = files.Write("file", content);
    const std::string text = ErrorOf(path);
    REQUIRE(text.starts_with(path + ": is "));
    return text.substr(path.size() + 5);
  };
  CHECK(error("BZh91AY") == "bzip2 data; unpack it with bunzip2, or repack it as gzip or zstd");
  CHECK(error("\xFD"
              "7zXZ\0\0\x04"sv) == "xz data; unpack it with unxz, or repack it as gzip or zstd");
  CHECK(error("PK\x03\x04....") == "a zip archive; unpack it with unzip");
  CHECK(error("PAR1....") == "a Parquet file; export it as CSV");
  CHECK(error("\xFF\xFE"
              "1\0 \0"sv) == "UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8");
}

TEST_CASE("ReadAllText stops at its bound and not before") {
  const TempFiles files;
  const std::string text = HashText(600'000);  // Several doublings.
  for (const std::string& content :
       {Zstd(text), Gzip(text), Zstd(text.substr(0, 2)) + Zstd(text.substr(2))}) {
    const std::string path = files.Write("file", content);
    CHECK(ReadAll(path, text.size()).value() == text);
    const absl::Status status = ReadAll(path, text.size() - 1).status();
    CHECK(status.code() == absl::StatusCode::kResourceExhausted);
    CHECK(MessageOf(status) ==
          path +
              ": decompresses to more than 585.9 KiB, which is what is left of the memory for "
              "compressed data; decompress it on the disk: plain files of any size are read from "
              "there");
  }
  CHECK(ReadAll(files.Write("empty", Zstd("")), 0).value().empty());
  CHECK_FALSE(ReadAll(files.Write("one", Zstd("x")), 0).ok());
}

TEST_CASE("TextReader: a file that is written to meanwhile is an error") {
  const TempFiles files;
  const std::string path = files.Write("file", Gzip(HashText(700'000)));
  const auto file = PlainFile::Open(path).value();
  const auto reader = TextReader::Open(file.get()).value();
  std::string piece(1000, '\0');
  REQUIRE(reader->Read(piece).ok());
  files.Write("file", "other");
  std::string rest(700'000, '\0');
  CHECK(reader->Read(rest).status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cairn
