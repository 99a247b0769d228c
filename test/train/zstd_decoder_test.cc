#include "train/zstd_decoder.h"

#include <zstd.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "decode_all.h"
#include "temp_files.h"

namespace cairn {
namespace {

absl::StatusOr<std::string> Decode(std::string_view file, size_t piece = 1000) {
  ZstdDecoder decoder;
  return DecodeAll(&decoder, file, piece);
}

// A frame without its length, as a pipe through the zstd program makes it.
std::string ZstdStream(std::string_view text) {
  std::string frame(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CStream* stream = ZSTD_createCStream();
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_compressStream2(stream, &out, &in, ZSTD_e_flush);
  const size_t left = ZSTD_compressStream2(stream, &out, &in, ZSTD_e_end);
  ZSTD_freeCStream(stream);
  REQUIRE(left == 0);
  frame.resize(out.pos);
  return frame;
}

TEST_CASE("ZstdDecoder gives the text back, whatever the frames look like") {
  using std::string_view_literals::operator""sv;
  const std::string skipped("\x50\x2A\x4D\x18\x03\0\0\0abc"sv);
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{300'000}}) {
    CAPTURE(bytes);
    const std::string text = HashText(bytes);
    CHECK(Decode(Zstd(text)).value() == text);
    CHECK(Decode(ZstdStream(text)).value() == text);
    CHECK(Decode(Zstd(text) + skipped + ZstdStream("tail") + Zstd("")).value() == text + "tail");
  }
  CHECK(Decode(Zstd(HashText(2000)) + Zstd("tail"), 1).value() == HashText(2000) + "tail");
  const std::string zeros(1'000'000, '0');  // Far more text than the file has bytes.
  CHECK(Decode(Zstd(zeros)).value() == zeros);
  CHECK(Decode(ZstdStream(zeros)).value() == zeros);
}

TEST_CASE("ZstdDecoder: a file that is cut off anywhere is never complete") {
  const std::string file = Zstd(HashText(5'000));
  for (size_t bytes = 1; bytes < file.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(Decode(file.substr(0, bytes)).ok());
  }
}

TEST_CASE("ZstdDecoder notices what is not zstd") {
  const std::string file = Zstd(HashText(5'000));
  CHECK(Decode(file + "garbage").status().code() == absl::StatusCode::kDataLoss);
  std::string damaged = file;
  damaged[0] ^= 1;
  const absl::Status status = Decode(damaged).status();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(status) == "damaged zstd data (Unknown frame descriptor)");
}

}  // namespace
}  // namespace cairn
