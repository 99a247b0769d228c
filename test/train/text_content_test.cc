#include "train/text_content.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "temp_files.h"

namespace cairn {
namespace {

TEST_CASE("OpenText: any offset of plain and of compressed files") {
  const TempFiles files;
  for (const std::string& content :
       {std::string("0123456789"), Zstd("0123456789"), Gzip("0123456789")}) {
    uint64_t memory_left = 100;
    const auto text = OpenText(files.Write("file", content), &memory_left).value();
    CHECK(text->bytes() == 10);
    CHECK(text->storage().compression == DetectCompression(content));
    CHECK(text->storage().bytes == content.size());
    std::string buffer;
    CHECK(text->Read(0, 3, &buffer).value() == "012");
    CHECK(text->Read(7, ~uint64_t{0}, &buffer).value() == "789");
    CHECK(text->Read(10, 1, &buffer).value().empty());
    CHECK(text->Read(~uint64_t{0}, 1, &buffer).value().empty());
  }
}

TEST_CASE("OpenText: compressed files take from the memory that is left, plain ones do not") {
  const TempFiles files;
  uint64_t memory_left = 15;
  REQUIRE(OpenText(files.Write("plain", "0123456789"), &memory_left).ok());
  CHECK(memory_left == 15);
  const std::string packed = files.Write("packed", Gzip("0123456789"));
  REQUIRE(OpenText(packed, &memory_left).ok());
  CHECK(memory_left == 5);
  CHECK(OpenText(packed, &memory_left).status().code() == absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace cairn
