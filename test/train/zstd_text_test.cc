#include "train/zstd_text.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "temp_files.h"

namespace cairn {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

ReadMore From(std::string_view file) {
  return [file, at = size_t{0}](std::span<char> buffer) mutable -> absl::StatusOr<size_t> {
    const size_t bytes = std::min(buffer.size(), file.size() - at);
    std::memcpy(buffer.data(), file.data() + at, bytes);
    at += bytes;
    return bytes;
  };
}

absl::StatusOr<std::string> Decompress(std::string_view file, uint64_t text_bytes_max = kPlenty) {
  return DecompressZstd(From(file), text_bytes_max);
}

// Does not compress well, so a long one takes many reads.
std::string HashText(size_t bytes) {
  std::string text;
  for (uint64_t i = 0; text.size() < bytes; ++i) text += std::to_string(Mix64(i)) + "\n";
  text.resize(bytes);
  return text;
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

TEST_CASE("DecompressZstd gives the text back, whatever the frames look like") {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{3'000'000}}) {
    CAPTURE(bytes);
    const std::string text = HashText(bytes);
    CHECK(Decompress(Zstd(text)).value() == text);
    CHECK(Decompress(ZstdStream(text)).value() == text);
    CHECK(Decompress(Zstd(text) + ZstdStream("tail") + Zstd("")).value() == text + "tail");
  }
  const std::string zeros(5'000'000, '0');  // Far more text than the file has bytes.
  CHECK(Decompress(Zstd(zeros)).value() == zeros);
  CHECK(Decompress(ZstdStream(zeros)).value() == zeros);
}

TEST_CASE("DecompressZstd stops at its bound and not before") {
  const std::string text = HashText(200'000);
  for (const std::string& file :
       {Zstd(text), ZstdStream(text), Zstd("ab") + Zstd(text.substr(2))}) {
    CHECK(Decompress(file, text.size()).ok());
    const absl::Status status = Decompress(file, text.size() - 1).status();
    CHECK(status.code() == absl::StatusCode::kResourceExhausted);
  }
  CHECK(Decompress(Zstd(""), 0).ok());
  CHECK_FALSE(Decompress(Zstd("x"), 0).ok());
}

TEST_CASE("DecompressZstd notices a file that is cut off anywhere") {
  const std::string file = Zstd(HashText(5'000));
  for (size_t bytes = 1; bytes < file.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK(Decompress(file.substr(0, bytes)).status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("DecompressZstd notices what is not zstd") {
  const std::string file = Zstd(HashText(5'000));
  CHECK(Decompress(file + "garbage").status().code() == absl::StatusCode::kDataLoss);
  std::string damaged = file;
  damaged[0] ^= 1;
  CHECK(Decompress(damaged).status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("DecompressZstd passes on what the reader says") {
  const ReadMore broken = [](std::span<char>) -> absl::StatusOr<size_t> {
    return Unavailable("disk on fire");
  };
  CHECK(MessageOf(DecompressZstd(broken, kPlenty).status()) == "disk on fire");
}

}  // namespace
}  // namespace cairn
