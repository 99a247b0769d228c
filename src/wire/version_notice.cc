#include "wire/version_notice.h"

#include <cstring>

#include "base/crc32c.h"
#include "base/status.h"
#include "wire/byte_io.h"
#include "wire/frame_header.h"

namespace cairn {
namespace {

constexpr uint32_t kNoticeMagic = 0x564E5243;  // "CRNV" as it lies in memory.

struct RawNotice {
  uint32_t magic;
  uint16_t major, minor;
  uint32_t reserved, crc;
};
static_assert(sizeof(RawNotice) == 16);

// What begins every frame of every version.
struct Prefix {
  uint32_t magic;
  uint16_t major, minor;
};
static_assert(sizeof(Prefix) == 8);

std::optional<Prefix> PrefixOf(std::span<const std::byte> frame) {
  Prefix prefix;
  if (frame.size() < sizeof prefix) return std::nullopt;
  std::memcpy(&prefix, frame.data(), sizeof prefix);
  return prefix;
}

}  // namespace

std::vector<std::byte> WriteVersionNotice(const VersionNotice& notice) {
  RawNotice raw{kNoticeMagic, notice.major, notice.minor, 0, 0};
  const std::span<const std::byte> bytes = std::as_bytes(std::span(&raw, 1));
  raw.crc = Crc32c(bytes.first(offsetof(RawNotice, crc)));
  return {bytes.begin(), bytes.end()};
}

bool IsVersionNotice(std::span<const std::byte> frame) {
  const std::optional<Prefix> prefix = PrefixOf(frame);
  return prefix.has_value() && prefix->magic == kNoticeMagic;
}

absl::StatusOr<VersionNotice> ReadVersionNotice(std::span<const std::byte> frame) {
  if (frame.size() != sizeof(RawNotice)) {
    return InvalidArgument("version notice: lengths add up to ", sizeof(RawNotice),
                           " bytes, but the frame has ", frame.size());
  }
  RawNotice raw;
  std::memcpy(&raw, frame.data(), sizeof raw);
  if (raw.magic != kNoticeMagic || raw.crc != Crc32c(frame.first(offsetof(RawNotice, crc)))) {
    return InvalidArgument("version notice: the checksum at offset 12 does not match");
  }
  return VersionNotice{raw.major, raw.minor};
}

std::optional<VersionNotice> ForeignVersion(std::span<const std::byte> frame) {
  const std::optional<Prefix> prefix = PrefixOf(frame);
  if (!prefix.has_value() || prefix->magic != kFrameMagic || prefix->major == kWireMajor) {
    return std::nullopt;
  }
  return VersionNotice{prefix->major, prefix->minor};
}

}  // namespace cairn
