#include "train/gzip_decoder.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "decode_all.h"
#include "temp_files.h"

namespace cairn {
namespace {

absl::StatusOr<std::string> Decode(std::string_view file, size_t piece = 1000) {
  GzipDecoder decoder;
  return DecodeAll(&decoder, file, piece);
}

TEST_CASE("GzipDecoder gives the text back, whatever the members look like") {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{300'000}}) {
    CAPTURE(bytes);
    const std::string text = HashText(bytes);
    CHECK(Decode(Gzip(text)).value() == text);
    // bgzip ends with an empty member.
    CHECK(Decode(Gzip(text) + Gzip("tail") + Gzip("")).value() == text + "tail");
  }
  CHECK(Decode(Gzip(HashText(2000)) + Gzip("tail"), 1).value() == HashText(2000) + "tail");
  const std::string zeros(1'000'000, '0');  // Far more text than the file has bytes.
  CHECK(Decode(Gzip(zeros)).value() == zeros);
}

TEST_CASE("GzipDecoder reads headers with a name and other extras, as bgzip's") {
  using std::string_view_literals::operator""sv;
  const std::string member = Gzip("text");
  const std::string body = member.substr(10);
  const std::string named = member.substr(0, 3) + '\x08' + member.substr(4, 6) + "file\0"sv.data();
  CHECK(Decode(named + '\0' + body).value() == "text");
  const std::string_view extra = "\x06\0BC\x02\0\x1B\0"sv;
  const std::string blocked =
      member.substr(0, 3) + '\x04' + member.substr(4, 6) + std::string(extra) + body;
  CHECK(Decode(blocked + blocked).value() == "texttext");
}

TEST_CASE("GzipDecoder: zeros behind a member are padding, also between members") {
  const std::string zeros(3000, '\0');
  CHECK(Decode(Gzip("one") + zeros).value() == "one");
  CHECK(Decode(Gzip("one") + zeros + Gzip("two")).value() == "onetwo");
}

TEST_CASE("GzipDecoder: a file that is cut off anywhere is never complete") {
  const std::string file = Gzip(HashText(5'000));
  for (size_t bytes = 1; bytes < file.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(Decode(file.substr(0, bytes)).ok());
  }
}

TEST_CASE("GzipDecoder notices damage, and what is not gzip") {
  const std::string file = Gzip(HashText(5'000));
  const auto error = [](const std::string& damaged) {
    const absl::Status status = Decode(damaged).status();
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    return std::string(MessageOf(status));
  };
  CHECK(error(file + "garbage") == "damaged gzip data (incorrect header check)");
  std::string damaged = file;
  damaged[file.size() - 5] ^= 1;  // The checksum.
  CHECK(error(damaged) == "damaged gzip data (incorrect data check)");
  damaged = file;
  damaged[file.size() - 1] ^= 1;
  CHECK(error(damaged) == "damaged gzip data (incorrect length check)");
}

}  // namespace
}  // namespace cairn
