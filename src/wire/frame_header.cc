#include "wire/frame_header.h"

#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "wire/byte_io.h"
#include "wire/limits.h"
#include "wire/version_notice.h"

namespace cairn {
namespace {

uint32_t BodyChecksum(const FrameView& frame) {
  uint32_t crc = Crc32c(frame.head.subspan(sizeof(FrameHeader)));
  for (const std::span<const std::byte> piece : frame.others) crc = Crc32c(piece, crc);
  return crc;
}

absl::Status CheckLengths(const FrameHeader& header, const FrameView& frame) {
  if (header.header_bytes != sizeof(FrameHeader)) {
    return InvalidArgument("header length at offset 10: ", header.header_bytes, ", not ",
                           sizeof(FrameHeader));
  }
  if (header.control_bytes > limits::kControlBytesMax) {
    return InvalidArgument("control length at offset 16: ", header.control_bytes,
                           " bytes, at most ", limits::kControlBytesMax, " are legal");
  }
  // The first test keeps the sum of the second from wrapping around.
  if (header.payload_bytes > limits::kFrameBytesMax || header.payload_bytes % 8 != 0) {
    return InvalidArgument("payload length at offset 24: ", header.payload_bytes,
                           " bytes, not a multiple of 8 up to ", limits::kFrameBytesMax);
  }
  const uint64_t sum = sizeof(FrameHeader) + PaddedTo8(header.control_bytes) + header.payload_bytes;
  if (sum != frame.size()) {
    return InvalidArgument("lengths add up to ", sum, " bytes, but the frame has ", frame.size());
  }
  if (sum - header.payload_bytes > frame.head.size()) {
    return InvalidArgument("the first piece of the frame ends after ", frame.head.size(),
                           " bytes, within its control part");
  }
  return absl::OkStatus();
}

absl::Status CheckBodyChecksum(const FrameHeader& header, const FrameView& frame) {
  if ((header.flags & ~kFlagBodyChecksum) != 0) {
    return InvalidArgument("flags at offset 12: unknown bits in ", header.flags);
  }
  if ((header.flags & kFlagBodyChecksum) == 0) {
    if (IsBulk(static_cast<MessageType>(header.type))) return absl::OkStatus();
    return InvalidArgument("flags at offset 12: only push, pull and pull_reply go unchecked");
  }
  if (BodyChecksum(frame) != header.body_crc) {
    return InvalidArgument("body checksum at offset 68 does not match the body");
  }
  return absl::OkStatus();
}

}  // namespace

size_t FrameView::size() const {
  size_t bytes = head.size();
  for (const std::span<const std::byte> piece : others) bytes += piece.size();
  return bytes;
}

void SealFrame(FrameHeader header, std::span<std::byte> head,
               std::span<const std::span<const std::byte>> others) {
  const FrameView frame{head, others};
  CAIRN_CHECK(CheckLengths(header, frame).ok(), "a frame that its receiver would refuse");
  if ((header.flags & kFlagBodyChecksum) != 0) header.body_crc = BodyChecksum(frame);
  std::memcpy(head.data(), &header, sizeof header);
  header.header_crc = Crc32c(frame.head.first(offsetof(FrameHeader, header_crc)));
  std::memcpy(head.data(), &header, sizeof header);
}

absl::StatusOr<FrameHeader> OpenFrame(const FrameView& frame) {
  if (frame.size() > limits::kFrameBytesMax) {
    return InvalidArgument("frame of ", frame.size(), " bytes, at most ", limits::kFrameBytesMax,
                           " are legal");
  }
  // Before everything else: another major version may have another length and another checksum.
  if (const std::optional<VersionNotice> other = ForeignVersion(frame.head)) {
    return MakeError(absl::StatusCode::kUnimplemented, "protocol version ", other->major, ".",
                     other->minor, ", but this program speaks ", kWireMajor, ".", kWireMinor,
                     "; run the same release everywhere");
  }
  ByteReader in(frame.head);
  CAIRN_ASSIGN_OR_RETURN(const FrameHeader header, in.Record<FrameHeader>("header"));
  if (header.magic != kFrameMagic) {
    return InvalidArgument("magic at offset 0: this is not a message of ours");
  }
  if (Crc32c(frame.head.first(offsetof(FrameHeader, header_crc))) != header.header_crc) {
    return InvalidArgument("header checksum at offset 92 does not match the header");
  }
  const auto type = static_cast<MessageType>(header.type);
  if (type == MessageType::kVersionNotice || NameOf(type) == "unknown") {
    return MakeError(absl::StatusCode::kUnimplemented, "type at offset 8: ", header.type,
                     " is not known to version ", kWireMajor, ".", kWireMinor);
  }
  CAIRN_RETURN_IF_ERROR(CheckLengths(header, frame));
  CAIRN_RETURN_IF_ERROR(CheckBodyChecksum(header, frame));
  return header;
}

}  // namespace cairn
