// The 96 bytes at the head of every frame. doc/wire.md is the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "wire/message.h"
#include "wire/message_type.h"

namespace cairn {

// Defined otherwise for programs that stand for another release in tests, and for nothing else.
#ifndef CAIRN_WIRE_MAJOR
#define CAIRN_WIRE_MAJOR 2
#endif

inline constexpr uint32_t kFrameMagic = 0x314E5243;       // "CRN1" as it lies in memory.
inline constexpr uint16_t kWireMajor = CAIRN_WIRE_MAJOR;  // Another one: not understood.
inline constexpr uint16_t kWireMinor = 0;                 // A higher one: understood, less known.
inline constexpr uint32_t kFlagBodyChecksum = 1;          // body_crc holds.

// As it lies in the frame. Reserved bytes are written as 0 and ignored.
struct FrameHeader {
  uint32_t magic = kFrameMagic;
  uint16_t major = kWireMajor;
  uint16_t minor = kWireMinor;
  uint16_t type = 0;
  uint16_t header_bytes = 96;
  uint32_t flags = 0;
  uint32_t control_bytes = 0;  // Without its padding.
  uint32_t from_process = 0;
  uint64_t payload_bytes = 0;  // A multiple of 8.
  uint64_t from_incarnation = 0;
  uint64_t to_incarnation = 0;
  uint64_t request = 0;
  uint64_t map_index = 0;
  uint32_t to_process = 0;
  uint32_t body_crc = 0;  // CRC32C of everything behind the header, if the flag is set.
  uint8_t reserved[20] = {};
  uint32_t header_crc = 0;  // CRC32C of the 92 bytes before.
};
static_assert(sizeof(FrameHeader) == 96);
static_assert(offsetof(FrameHeader, payload_bytes) == 24);
static_assert(offsetof(FrameHeader, to_process) == 64);
static_assert(offsetof(FrameHeader, header_crc) == 92);

// A frame in pieces: `head`, which has the header and at least the control part, then `others`.
struct FrameView {
  std::span<const std::byte> head;
  std::span<const std::span<const std::byte>> others = {};

  size_t size() const;
};

// Fills in both checksums and writes `header` over the first 96 bytes of `head`. With `others`
// behind it the frame is complete.
void SealFrame(FrameHeader header, std::span<std::byte> head,
               std::span<const std::span<const std::byte>> others = {});

// Checks everything that can be checked without knowing the message: magic, version, checksums,
// flags, and that the lengths add up to the frame. kUnimplemented: another major version or an
// unknown type; kInvalidArgument: anything else.
absl::StatusOr<FrameHeader> OpenFrame(const FrameView& frame);

}  // namespace cairn
