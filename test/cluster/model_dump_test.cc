#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/inspect.h"
#include "cluster/sample_model.h"

namespace cairn {
namespace {

std::string TextOf(const std::string& dir) {
  std::string text;
  REQUIRE(DumpModel(dir, [&](std::string_view piece) {
            text += piece;
            return absl::Status();
          }) == absl::OkStatus());
  return text;
}

size_t CountLines(const std::string& text, const std::string& begin) {
  size_t count = 0;
  for (size_t at = text.find("\n" + begin); at != text.npos; at = text.find("\n" + begin, at + 1)) {
    ++count;
  }
  return count;
}

TEST_CASE("A dump has every row once, and is the same for any number of partitions",
          "[model_dump]") {
  const TempDirectory temp;
  WriteSampleModel(temp.PathOf("m1"), 1);
  const std::string one = TextOf(temp.PathOf("m1"));
  CHECK(CountLines(one, "counts ") == kSampleKeys);
  CHECK(CountLines(one, "fm ") == kSampleKeys / 2);
  CHECK(CountLines(one, "dense ") == test::SampleJob(1).tables[1].blocks());
  CHECK(one.find("\ncounts 18446744073709551615 1 49\n") != one.npos);
  CHECK(one.find("\ncounts 4 1 2\n") != one.npos);
  CHECK(one.find("\nprogram x = 1\\x0a\nprogram \\x09y \\x5c 2\n") != one.npos);
  CHECK(one.ends_with("\nEND 83\n"));
  for (const uint32_t partitions : {2, 16, 64}) {
    const std::string dir = temp.PathOf("m" + std::to_string(partitions));
    WriteSampleModel(dir, partitions);
    std::string other = TextOf(dir);
    const std::string line = "\npartitions " + std::to_string(partitions) + "\n";
    REQUIRE(other.find(line) != other.npos);
    other.replace(other.find(line), line.size(), "\npartitions 1\n");
    CHECK(other == one);
  }
}

TEST_CASE("A dump ends with the sink's first error, and with damage", "[model_dump]") {
  const TempDirectory temp;
  Manifest manifest = WriteSampleModel(temp.PathOf("m"), 2);
  int calls = 0;
  const absl::Status status = DumpModel(temp.PathOf("m"), [&](std::string_view) {
    ++calls;
    return Unavailable("the disk is full");
  });
  CHECK(MessageOf(status) == "the disk is full");
  CHECK(calls == 1);

  manifest.digest_low ^= 1;
  const std::string text = FormatManifest(manifest);
  WriteWholeFile(temp.PathOf("m/MANIFEST"), std::as_bytes(std::span(text.data(), text.size())));
  const auto ignore = [](std::string_view) { return absl::Status(); };
  const absl::Status damaged = DumpModel(temp.PathOf("m"), ignore);
  CHECK(damaged.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(damaged).find("the digest of all rows is ") != std::string_view::npos);
}

}  // namespace
}  // namespace cairn
