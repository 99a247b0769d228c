#include "wire/frame_header.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

namespace cairn {
namespace {

std::vector<std::byte> SealedFrame(MessageType type, uint32_t flags) {
  std::vector<std::byte> frame(sizeof(FrameHeader) + 16);
  FrameHeader header;
  header.type = static_cast<uint16_t>(type);
  header.flags = flags;
  header.control_bytes = 3;  // Padded to 8.
  header.payload_bytes = 8;
  header.request = 77;
  SealFrame(header, frame);
  return frame;
}

TEST_CASE("a sealed frame opens") {
  const auto frame = SealedFrame(MessageType::kHello, kFlagBodyChecksum);
  CHECK(std::memcmp(frame.data(), "CRN1", 4) == 0);
  const auto header = OpenFrame({frame});
  REQUIRE(header.ok());
  CHECK(header->request == 77);
  CHECK(header->control_bytes == 3);
}

TEST_CASE("the header's checksum finds every flipped bit of a bulk frame's header") {
  const auto golden = SealedFrame(MessageType::kPush, 0);
  REQUIRE(OpenFrame({golden}).ok());
  for (size_t bit = 0; bit < sizeof(FrameHeader) * 8; ++bit) {
    auto frame = golden;
    frame[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_FALSE(OpenFrame({frame}).ok());
  }
}

TEST_CASE("a frame shorter than a header is an error") {
  const auto frame = SealedFrame(MessageType::kHello, kFlagBodyChecksum);
  CHECK_FALSE(OpenFrame({std::span(frame).first(95)}).ok());
  CHECK_FALSE(OpenFrame({}).ok());
}

TEST_CASE("only bulk messages may go without a checksum") {
  CHECK_FALSE(OpenFrame({SealedFrame(MessageType::kHello, 0)}).ok());
  CHECK_FALSE(OpenFrame({SealedFrame(MessageType::kPushReply, 0)}).ok());
  CHECK(OpenFrame({SealedFrame(MessageType::kPullReply, 0)}).ok());
}

}  // namespace
}  // namespace cairn
