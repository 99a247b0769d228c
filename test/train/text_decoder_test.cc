#include "train/text_decoder.h"

#include <catch2/catch.hpp>

#include "decode_all.h"
#include "temp_files.h"

namespace cairn {
namespace {

TEST_CASE("DetectCompression looks at the first bytes") {
  CHECK(DetectCompression(Zstd("text")) == Compression::kZstd);
  CHECK(DetectCompression(Gzip("text")) == Compression::kGzip);
  CHECK(DetectCompression("1 2:3\n") == Compression::kNone);
  CHECK(DetectCompression("\x1F") == Compression::kNone);
  CHECK(DetectCompression("") == Compression::kNone);
}

TEST_CASE("MakeDecoder makes what was detected") {
  CHECK(MakeDecoder(Compression::kNone) == nullptr);
  for (const std::string& file : {Zstd("text"), Gzip("text")}) {
    CHECK(DecodeAll(MakeDecoder(DetectCompression(file)).get(), file).value() == "text");
  }
}

TEST_CASE("CompressionName") {
  CHECK(CompressionName(Compression::kNone) == "none");
  CHECK(CompressionName(Compression::kZstd) == "zstd");
  CHECK(CompressionName(Compression::kGzip) == "gzip");
}

}  // namespace
}  // namespace cairn
