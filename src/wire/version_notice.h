// The one frame that every version of the protocol understands: "I speak version MAJOR.MINOR". It
// answers a frame of another major version, so that both ends can say what is wrong. Its 16 bytes
// never change. Pure functions.
//
// 0 u32 magic "CRNV" | 4 u16 major | 6 u16 minor | 8 u32 reserved | 12 u32 CRC32C of bytes 0 to 11
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "wire/message.h"

namespace cairn {

std::vector<std::byte> WriteVersionNotice(const VersionNotice& notice);

// A frame that begins like a version notice.
bool IsVersionNotice(std::span<const std::byte> frame);

// kInvalidArgument: a wrong length or checksum.
absl::StatusOr<VersionNotice> ReadVersionNotice(std::span<const std::byte> frame);

// The version of a frame of ours by its first 8 bytes, which lie the same in all versions, if it is
// another major version than this program's.
std::optional<VersionNotice> ForeignVersion(std::span<const std::byte> frame);

}  // namespace cairn
