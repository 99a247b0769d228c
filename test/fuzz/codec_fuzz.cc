// Frames from the network.
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "fuzz/fuzz_target.h"
#include "support/sample_messages.h"
#include "wire/byte_io.h"
#include "wire/codec.h"
#include "wire/frame_header.h"

namespace cairn {
namespace {

enum class Samples { kAll, kWithHeader };

std::vector<FuzzTarget::Bytes> SampleFrames(Samples samples) {
  std::vector<FuzzTarget::Bytes> frames;
  for (const SampleMessage& sample : SampleMessages()) {
    const bool headless = BodyAs<VersionNotice>(sample.message) != nullptr;
    if (headless && samples == Samples::kWithHeader) continue;
    const Frame frame = EncodeMessage(sample.message);
    const auto* begin = reinterpret_cast<const uint8_t*>(frame.data());
    frames.emplace_back(begin, begin + frame.size());
  }
  return frames;
}

// What is accepted must be something that we could have sent ourselves, and must come back as the
// same bytes: EncodeMessage CHECKs the first.
int DecodeFuzz(const uint8_t* data, size_t size) {
  const auto decoded = DecodeMessage({reinterpret_cast<const std::byte*>(data), size});
  if (!decoded.ok()) return -1;
  const Frame frame = EncodeMessage(**decoded, Checksum::kAll);
  const auto again = DecodeMessage(frame);
  CAIRN_CHECK(again.ok(), "our own frame was refused");
  CAIRN_CHECK(EncodeMessage(**again, Checksum::kAll) == frame);
  CAIRN_CHECK(DescribeMessage(**again) == DescribeMessage(**decoded));
  return 0;
}

// As DecodeFuzz, but a header that is nearly right is made right: lengths that add up if the
// control part allows it, and both checksums.
int DecodeSealedFuzz(const uint8_t* data, size_t size) {
  FrameHeader header;
  if (size < sizeof header) return -1;
  const size_t body_bytes = (size - sizeof header) / 8 * 8;
  Frame frame(sizeof header + body_bytes);
  std::memcpy(frame.data(), data, frame.size());
  std::memcpy(&header, data, sizeof header);
  header.magic = kFrameMagic;
  header.major = kWireMajor;
  header.header_bytes = sizeof header;
  header.flags = kFlagBodyChecksum;
  if (PaddedTo8(header.control_bytes) > body_bytes) header.control_bytes = 0;
  header.payload_bytes = body_bytes - PaddedTo8(header.control_bytes);
  const std::span<const std::byte> bytes = frame;
  header.body_crc = Crc32c(bytes.subspan(sizeof header));
  std::memcpy(frame.data(), &header, sizeof header);
  header.header_crc = Crc32c(bytes.first(offsetof(FrameHeader, header_crc)));
  std::memcpy(frame.data(), &header, sizeof header);
  return DecodeFuzz(reinterpret_cast<const uint8_t*>(frame.data()), frame.size());
}

// Frames in pieces: the first bytes say where the rest is cut.
int DecodePiecesFuzz(const uint8_t* data, size_t size) {
  constexpr size_t kCuts = 2 * sizeof(uint16_t);
  if (size < kCuts) return -1;
  uint16_t cuts[2];
  std::memcpy(cuts, data, kCuts);
  const std::span<const std::byte> frame(reinterpret_cast<const std::byte*>(data) + kCuts,
                                         size - kCuts);
  const size_t first = cuts[0] % (frame.size() + 1);
  const size_t second = first + cuts[1] % (frame.size() - first + 1);
  const std::span<const std::byte> others[] = {frame.subspan(first, second - first),
                                               frame.subspan(second)};
  const auto owner = std::make_shared<int>();
  const auto decoded = DecodeMessage(FrameView{frame.first(first), others}, owner);
  if (!decoded.ok()) return -1;
  const auto whole = DecodeMessage(frame);
  CAIRN_CHECK(whole.ok(), "refused as a whole");
  CAIRN_CHECK(EncodeMessage(**decoded, Checksum::kAll) == EncodeMessage(**whole, Checksum::kAll));
  return 0;
}

// Frames with values, cut wherever that is legal.
std::vector<FuzzTarget::Bytes> SamplePieces() {
  std::vector<FuzzTarget::Bytes> all;
  for (const FuzzTarget::Bytes& frame : SampleFrames(Samples::kWithHeader)) {
    for (uint16_t first = sizeof(FrameHeader); first <= frame.size(); first += 4) {
      const uint16_t cuts[2] = {first, 8};
      FuzzTarget::Bytes bytes(sizeof cuts);
      std::memcpy(bytes.data(), cuts, sizeof cuts);
      bytes.insert(bytes.end(), frame.begin(), frame.end());
      if (DecodePiecesFuzz(bytes.data(), bytes.size()) == 0) all.push_back(std::move(bytes));
    }
  }
  CAIRN_CHECK(!all.empty());
  return all;
}

}  // namespace

FuzzTarget PiecesTarget() {
  return {.name = "pieces", .run = DecodePiecesFuzz, .seeds = SamplePieces};
}

FuzzTarget MessageTarget() {
  return {
      .name = "message", .run = DecodeFuzz, .seeds = [] { return SampleFrames(Samples::kAll); }};
}

FuzzTarget SealedTarget() {
  return {.name = "sealed", .run = DecodeSealedFuzz, .seeds = [] {
            return SampleFrames(Samples::kWithHeader);
          }};
}

}  // namespace cairn
