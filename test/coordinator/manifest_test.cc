#include "coordinator/manifest.h"

#include <catch2/catch.hpp>
#include <string>

namespace cairn {
namespace {

Manifest Sample() {
  Manifest manifest;
  manifest.job = "job with spaces";
  manifest.program = std::string("bytes \0\n\xff", 9);
  manifest.files = {{0, "p0-c1-t1-i2.snapshot", 12345, 0xDEADBEEF, 17},
                    {1, "p1-c1-t1-i3.snapshot", 99, 7, 0}};
  manifest.digest_high = 0x0011223344556677;
  manifest.digest_low = 0x8899AABBCCDDEEFF;
  return manifest;
}

TEST_CASE("Manifest: comes back as it was written") {
  const Manifest manifest = Sample();
  const auto parsed = ParseManifest(FormatManifest(manifest));
  REQUIRE(parsed.ok());
  CHECK(parsed->job == manifest.job);
  CHECK(parsed->program == manifest.program);
  CHECK(parsed->digest_high == manifest.digest_high);
  CHECK(parsed->digest_low == manifest.digest_low);
  REQUIRE(parsed->files.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(parsed->files[i].partition == manifest.files[i].partition);
    CHECK(parsed->files[i].name == manifest.files[i].name);
    CHECK(parsed->files[i].bytes == manifest.files[i].bytes);
    CHECK(parsed->files[i].crc == manifest.files[i].crc);
    CHECK(parsed->files[i].rows == manifest.files[i].rows);
  }
}

TEST_CASE("Manifest: any damaged byte is found, and any missing end") {
  const std::string text = FormatManifest(Sample());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    INFO("byte " << i);
    CHECK(ParseManifest(damaged).status().code() == absl::StatusCode::kDataLoss);
    CHECK(ParseManifest(text.substr(0, i)).status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("Manifest: a digest is 32 digits") {
  CHECK(FormatDigest(0x0011223344556677, 0x8899AABBCCDDEEFF) == "00112233445566778899aabbccddeeff");
  CHECK(FormatDigest(0, 1) == "00000000000000000000000000000001");
}

}  // namespace
}  // namespace cairn
