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

TEST_CASE("Manifest: increments lie beside, and leave nobody to know the digest") {
  Manifest manifest = Sample();
  CHECK(!manifest.has_increments());
  manifest.files.insert(manifest.files.begin() + 1, {0, "p0-c2-t1-i2.snapshot", 44, 5, 18});
  manifest.files[0].name = "../checkpoint-1/p0-c1-t1-i2.snapshot";
  CHECK(manifest.has_increments());
  CHECK(manifest.partitions() == 2);
  const std::string text = FormatManifest(manifest);
  CHECK(text.find("digest") == std::string::npos);
  const auto parsed = ParseManifest(text);
  REQUIRE(parsed.ok());
  REQUIRE(parsed->files.size() == 3);
  CHECK(PathOf("/d/checkpoint-2", parsed->files[0]) == "/d/checkpoint-1/p0-c1-t1-i2.snapshot");
  CHECK(PathOf("/d/checkpoint-2/", parsed->files[0]) == "/d/checkpoint-1/p0-c1-t1-i2.snapshot");
  CHECK(PathOf("checkpoint-2", parsed->files[0]) == "./checkpoint-1/p0-c1-t1-i2.snapshot");
  CHECK(PathOf("/d/checkpoint-2", parsed->files[1]) == "/d/checkpoint-2/p0-c2-t1-i2.snapshot");
}

TEST_CASE("Manifest: a file lies here or in a directory beside, and nowhere else") {
  for (const char* name : {"/etc/x", "a/b", "../x", "../../a/b", "../a/../b", "../a/b/c", ".x",
                           "..", "../", "../.a/b", "../a/"}) {
    INFO(name);
    Manifest manifest = Sample();
    manifest.files[1].name = name;
    CHECK(ParseManifest(FormatManifest(manifest)).status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("Manifest: partitions follow each other") {
  Manifest manifest = Sample();
  manifest.files[1].partition = 2;
  CHECK(!ParseManifest(FormatManifest(manifest)).ok());
  manifest.files[1].partition = 1;
  manifest.files.push_back({0, "p0-c3-t1-i2.snapshot", 1, 2, 3});
  CHECK(!ParseManifest(FormatManifest(manifest)).ok());
}

TEST_CASE("Manifest: a digest is 32 digits") {
  CHECK(FormatDigest(0x0011223344556677, 0x8899AABBCCDDEEFF) == "00112233445566778899aabbccddeeff");
  CHECK(FormatDigest(0, 1) == "00000000000000000000000000000001");
}

}  // namespace
}  // namespace cairn
