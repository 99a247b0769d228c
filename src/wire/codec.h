// Messages to bytes and back. One frame is one message: a fixed header of 96 bytes, a Protobuf
// control part (at most 64 KiB, padded to 8), then a payload. Little-endian.
// doc/wire.md is the specification. Pure functions: thread-safe, no allocation beyond what the
// frame's own length justifies.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "wire/frame_header.h"
#include "wire/message.h"

namespace cairn {

// An encoded message. Contiguous.
using Frame = std::vector<std::byte>;

// An encoded message in pieces, which one behind the other are its frame.
struct FramePieces {
  Frame head;                                      // Everything but values; or everything.
  std::vector<std::span<const std::byte>> values;  // In the message's own storage. Often none.

  size_t size() const;
};

// What gets a checksum of its body. The header always has one.
enum class Checksum {
  kControl,  // All but Push, Pull and PullReply: TCP's own is enough for gradients.
  kAll,
};

// Never fails for a message that our own code built within limits.h; CHECKs otherwise. Texts for
// people (error, message) are cut at kStringBytesMax.
Frame EncodeMessage(const Message& message, Checksum checksum = Checksum::kControl);

// As EncodeMessage, but kInvalidArgument for a message beyond limits.h: for whoever sends what a
// peer's request has shaped, since a peer must not be able to end us.
absl::StatusOr<Frame> TryEncodeMessage(const Message& message,
                                       Checksum checksum = Checksum::kControl);

// As TryEncodeMessage, but values that are many lie side by side in the message's storage and
// travel as they are, stay there: the caller keeps `message` as long as it needs the pieces.
absl::StatusOr<FramePieces> TryEncodePieces(const Message& message, Checksum checksum);

// Validates everything (lengths add up to the frame, checksums, ranges, limits), then decodes.
// `frame` may be unaligned; nothing of it is referenced afterwards. kInvalidArgument names the
// field; kUnimplemented: another major version or an unknown type. Never crashes, never allocates
// more than a small multiple of the frame.
absl::StatusOr<MessagePtr> DecodeMessage(std::span<const std::byte> frame);

// The same for a frame in pieces, of which the first has all but values. Values may be used where
// they lie: the message then holds `owner`, which keeps the pieces alive and unchanged. Null: they
// are copied.
absl::StatusOr<MessagePtr> DecodeMessage(const FrameView& frame,
                                         const std::shared_ptr<const void>& owner);

// A human-readable line: type, from, to, the fields that matter. For logs and traces; stable.
std::string DescribeMessage(const Message& message);

}  // namespace cairn
