// ParseManifest, with the checksum that its last line has and with the right one.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "coordinator/manifest.h"
#include "fuzz/fuzz_target.h"

namespace cairn {
namespace {

// What is accepted is written so that it is read as the same.
bool Accepts(std::string_view text) {
  const auto manifest = ParseManifest(text);
  if (!manifest.ok()) return false;
  const std::string written = FormatManifest(*manifest);
  const auto again = ParseManifest(written);
  CAIRN_CHECK(again.ok(), MessageOf(again.status()));
  CAIRN_CHECK(FormatManifest(*again) == written);
  return true;
}

std::string Sealed(std::string_view text) {
  const size_t end = text.rfind("end ");
  if (end == text.npos) return std::string(text);
  const std::string_view before = text.substr(0, end);
  const uint32_t crc = Crc32c(std::as_bytes(std::span(before)));
  std::string hex(8, '0');
  for (size_t i = 0; i < hex.size(); ++i) hex[i] = "0123456789abcdef"[(crc >> (28 - 4 * i)) & 15];
  return Concat(before, "end ", hex, "\n");
}

int ManifestFuzz(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const bool as_it_is = Accepts(text);
  return Accepts(Sealed(text)) || as_it_is ? 0 : -1;
}

std::vector<FuzzTarget::Bytes> ManifestSeeds() {
  Manifest manifest;
  manifest.job = "flights";
  manifest.program = "lr\nfeatures 7\n";
  manifest.state = {"JOB", 99, 7};
  manifest.files = {{0, "p0", 10, 0xFFFFFFFF, 3}, {1, "p1", 11, 0, 4}};
  manifest.digest_high = ~uint64_t{0};
  const std::string text = FormatManifest(manifest);
  CAIRN_CHECK(Sealed(text) == text);
  return {FuzzTarget::Bytes(text.begin(), text.end())};
}

}  // namespace

FuzzTarget ManifestTarget() {
  return {.name = "manifest",
          .run = ManifestFuzz,
          .seeds = ManifestSeeds,
          .allocated_fixed_max = 64u << 10,
          .allocated_per_byte_max = 256};
}

}  // namespace cairn
