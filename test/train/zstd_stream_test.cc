#include "train/zstd_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "base/hash.h"
#include "base/status.h"

namespace cairn {
namespace {

// A megabyte of text that compresses, but not to nothing.
std::string SampleText() {
  std::string text;
  for (uint64_t i = 0; text.size() < (1u << 20); ++i) {
    text += std::to_string(Mix64(i) % 1000) + (i % 10 == 0 ? '\n' : ' ');
  }
  return text;
}

std::string Compressed(std::string_view text, size_t piece) {
  ZstdCompressor compressor;
  std::string out;
  for (size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(compressor.Add(text.substr(at, piece), &out).ok());
  }
  REQUIRE(compressor.Finish(&out).ok());
  return out;
}

// Reads `file` in pieces of `piece` characters of text.
absl::StatusOr<std::string> Decompressed(std::string_view file, size_t piece) {
  ZstdDecompressor decompressor([&](std::span<char> buffer) -> absl::StatusOr<size_t> {
    const size_t bytes = std::min(buffer.size(), file.size());
    std::copy_n(file.begin(), bytes, buffer.begin());
    file.remove_prefix(bytes);
    return bytes;
  });
  std::string text, buffer(piece, '\0');
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const size_t bytes, decompressor.Read(buffer));
    text += buffer.substr(0, bytes);
    if (bytes < piece) return text;
  }
}

TEST_CASE("Text comes back as it was, in pieces of any size") {
  const std::string text = SampleText();
  const std::string file = Compressed(text, 10'000);
  CHECK(file.size() < text.size() / 2);
  CHECK(file.starts_with(kZstdMagic));
  for (const size_t piece : {1'000, 77'777, 5'000'000}) {
    CHECK(Decompressed(file, piece).value() == text);
  }
  CHECK(Decompressed(file + Compressed("more\n", 3), 4096).value() == text + "more\n");
}

TEST_CASE("No text at all is a frame too") {
  const std::string file = Compressed("", 1);
  CHECK(Decompressed(file, 10).value().empty());
}

TEST_CASE("What is cut off or damaged is no text") {
  const std::string file = Compressed(SampleText(), 1 << 20);
  const absl::Status cut = Decompressed(file.substr(0, file.size() / 2), 4096).status();
  CHECK(MessageOf(cut) == "the zstd file ends in the middle: it has been cut off");
  CHECK(Decompressed(file.substr(0, file.size() - 1), 4096).status().code() ==
        absl::StatusCode::kDataLoss);
  for (size_t at = 0; at < file.size(); at += file.size() / 50) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    INFO(at);
    CHECK_FALSE(Decompressed(damaged, 4096).ok());
  }
}

}  // namespace
}  // namespace cairn
