#include "wire/codec.h"

#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "wire/byte_io.h"
#include "wire/check_message.h"
#include "wire/control_codec.h"
#include "wire/data_codec.h"
#include "wire/frame_header.h"
#include "wire/limits.h"
#include "wire/status_codec.h"
#include "wire/version_notice.h"

namespace cairn {
namespace {

// Data messages have no control part; give them the interface of the others.
template <typename T>
concept DataMessage = requires(const T& body) {
  PayloadBytesMax(body);
};

// Messages whose values may be in other pieces of the frame than the rest.
template <typename T>
concept ValueMessage = requires(const T& body) {
  ApartValues(body);
};

template <DataMessage T>
uint32_t WriteBody(const T& body, bool apart, ByteWriter* out) {
  if constexpr (ValueMessage<T>) {
    WritePayload(body, out, apart);
  } else {
    WritePayload(body, out);
  }
  return 0;
}

// A version notice has a frame of its own, so this is never called: codec.h's functions see to it.
uint32_t WriteBody(const VersionNotice&, ByteWriter*) { return 0; }
absl::Status ReadBody(std::span<const std::byte>, ByteReader*, VersionNotice*) {
  return Internal("a version notice inside of a frame");
}

template <typename T>
uint32_t WriteBody(const T& body, bool, ByteWriter* out) {
  return WriteBody(body, out);
}

template <typename T>
absl::Status ReadParts(std::span<const std::byte> control, ByteReader* payload,
                       const PayloadRest& rest, T* body) {
  if constexpr (DataMessage<T>) {
    if (!control.empty()) {
      return InvalidArgument("control length at offset 16: ", control.size(),
                             " bytes, but data messages have no control part");
    }
  }
  if constexpr (ValueMessage<T>) {
    return ReadPayload(payload, body, rest);
  } else {
    if (!rest.pieces.empty()) {
      return InvalidArgument("a frame of ", 1 + rest.pieces.size(),
                             " pieces, but this type of message has one");
    }
    if constexpr (DataMessage<T>) {
      return ReadPayload(payload, body);
    } else {
      return ReadBody(control, payload, body);
    }
  }
}

template <typename T>
size_t BodyBytesHint(const T& body) {
  if constexpr (DataMessage<T>) {
    return PayloadBytesMax(body);
  } else {
    return 256;  // Most control parts; the vector grows for the few that have a payload.
  }
}

absl::Status CheckFrameBytes(const Message& message, size_t bytes) {
  if (bytes <= limits::kFrameBytesMax) return absl::OkStatus();
  return InvalidArgument(NameOf(TypeOf(message.body)), ": a frame of ", bytes, " bytes, at most ",
                         limits::kFrameBytesMax, " are legal; it must be cut before it is sent");
}

absl::Status ReadAs(MessageType type, std::span<const std::byte> control, ByteReader* payload,
                    const PayloadRest& rest, Body* body) {
  return [&]<size_t... I>(std::index_sequence<I...>) {
    absl::Status status = Internal("no alternative for a known type");
    auto read = [&]<size_t Index>(std::integral_constant<size_t, Index>) {
      using T = std::variant_alternative_t<Index, Body>;
      if (TypeOf(static_cast<T*>(nullptr)) != type) return false;
      status = ReadParts(control, payload, rest, &body->emplace<Index>());
      return true;
    };
    static_cast<void>((read(std::integral_constant<size_t, I>{}) || ...));
    return status;
  }
  (std::make_index_sequence<std::variant_size_v<Body>>{});
}

ValuePieces ApartValuesOf(const Body& body) {
  return std::visit(
      [](const auto& alternative) {
        if constexpr (ValueMessage<std::decay_t<decltype(alternative)>>) {
          return ApartValues(alternative);
        } else {
          return ValuePieces{};
        }
      },
      body);
}

// With these values left out.
absl::StatusOr<FramePieces> Encode(const Message& message, Checksum checksum, ValuePieces apart) {
  CAIRN_RETURN_IF_ERROR(CheckBody(message.body));
  if (const auto* notice = BodyAs<VersionNotice>(message)) {
    return FramePieces{WriteVersionNotice(*notice), {}};
  }
  FramePieces frame{{}, std::move(apart)};
  const bool is_apart = !frame.values.empty();
  const size_t value_bytes = frame.size();
  frame.head.reserve(
      sizeof(FrameHeader) - value_bytes +
      std::visit([](const auto& body) { return BodyBytesHint(body); }, message.body));
  frame.head.resize(sizeof(FrameHeader));
  ByteWriter out(&frame.head);

  FrameHeader header;
  const MessageType type = TypeOf(message.body);
  header.type = static_cast<uint16_t>(type);
  if (checksum == Checksum::kAll || !IsBulk(type)) header.flags |= kFlagBodyChecksum;
  header.control_bytes =
      std::visit([&](const auto& body) { return WriteBody(body, is_apart, &out); }, message.body);
  header.payload_bytes = frame.size() - sizeof(FrameHeader) - PaddedTo8(header.control_bytes);
  header.from_process = message.header.from.process;
  header.from_incarnation = message.header.from.incarnation;
  header.to_process = message.header.to.process;
  header.to_incarnation = message.header.to.incarnation;
  header.request = message.header.request;
  header.map_index = message.header.map_index;
  CAIRN_RETURN_IF_ERROR(CheckFrameBytes(message, frame.size()));
  SealFrame(header, frame.head, frame.values);
  return frame;
}

}  // namespace

size_t FramePieces::size() const { return FrameView{head, values}.size(); }

absl::StatusOr<FramePieces> TryEncodePieces(const Message& message, Checksum checksum) {
  return Encode(message, checksum, ApartValuesOf(message.body));
}

absl::StatusOr<Frame> TryEncodeMessage(const Message& message, Checksum checksum) {
  CAIRN_ASSIGN_OR_RETURN(FramePieces frame, Encode(message, checksum, {}));
  return std::move(frame.head);
}

Frame EncodeMessage(const Message& message, Checksum checksum) {
  absl::StatusOr<Frame> frame = TryEncodeMessage(message, checksum);
  CAIRN_CHECK(frame.ok(), MessageOf(frame.status()));
  return *std::move(frame);
}

absl::StatusOr<MessagePtr> DecodeMessage(std::span<const std::byte> frame) {
  return DecodeMessage(FrameView{frame}, nullptr);
}

absl::StatusOr<MessagePtr> DecodeMessage(const FrameView& frame,
                                         const std::shared_ptr<const void>& owner) {
  auto message = std::make_shared<Message>();
  message->bytes = frame.head.size();
  for (const std::span<const std::byte> other : frame.others) message->bytes += other.size();
  if (frame.others.empty() && IsVersionNotice(frame.head)) {
    CAIRN_ASSIGN_OR_RETURN(message->body, ReadVersionNotice(frame.head));
    return message;
  }
  CAIRN_ASSIGN_OR_RETURN(const FrameHeader header, OpenFrame(frame));
  message->header = {.from = {header.from_process, header.from_incarnation},
                     .to = {header.to_process, header.to_incarnation},
                     .request = header.request,
                     .map_index = header.map_index};
  const std::span<const std::byte> control =
      frame.head.subspan(sizeof(FrameHeader), header.control_bytes);
  const size_t payload_offset = sizeof(FrameHeader) + PaddedTo8(header.control_bytes);
  ByteReader payload(frame.head.subspan(payload_offset), payload_offset);
  const MessageType type = static_cast<MessageType>(header.type);
  CAIRN_RETURN_IF_ERROR(ReadAs(type, control, &payload, {frame.others, owner}, &message->body));
  CAIRN_RETURN_IF_ERROR(payload.End(NameOf(type)));
  CAIRN_RETURN_IF_ERROR(CheckBody(message->body));
  return message;
}

}  // namespace cairn
