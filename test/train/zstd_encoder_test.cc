#include "train/zstd_encoder.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "train/plain_file.h"
#include "train/text_reader.h"

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

std::string Encoded(std::string_view text, size_t piece) {
  ZstdEncoder encoder;
  std::string out;
  for (size_t at = 0; at < text.size(); at += piece) {
    REQUIRE(encoder.Add(text.substr(at, piece), &out).ok());
  }
  REQUIRE(encoder.Finish(&out).ok());
  return out;
}

absl::StatusOr<std::string> Decoded(const std::string& encoded) {
  const TempDirectory directory;
  const std::string path = directory.PathOf("text.zst");
  std::ofstream(path, std::ios::binary) << encoded;
  const auto file = PlainFile::Open(path).value();
  const auto reader = TextReader::Open(file.get()).value();
  CAIRN_ASSIGN_OR_RETURN(const TextMemory text, ReadAllText(reader.get(), path, uint64_t{1} << 30));
  return std::string(text.view());
}

TEST_CASE("Text comes back as it was, whatever the pieces it was added in", "[zstd_encoder]") {
  const std::string text = SampleText();
  for (const size_t piece : {size_t{1'000}, size_t{300'000}, text.size()}) {
    const std::string encoded = Encoded(text, piece);
    CHECK(encoded.size() < text.size() / 2);
    CHECK(Decoded(encoded).value() == text);
  }
  CHECK(Decoded(Encoded("", 1)).value().empty());
}

TEST_CASE("A damaged or shortened frame is seen by its checksum", "[zstd_encoder]") {
  const std::string encoded = Encoded(SampleText(), 1 << 20);
  CHECK(Decoded(encoded.substr(0, encoded.size() - 1)).status().code() ==
        absl::StatusCode::kDataLoss);
  for (size_t at = encoded.size() / 50; at < encoded.size(); at += encoded.size() / 50) {
    std::string damaged = encoded;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    INFO(at);
    CHECK(Decoded(damaged).status().code() == absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace cairn
