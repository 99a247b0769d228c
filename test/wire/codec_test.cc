// EncodeMessage and DecodeMessage against the golden files, and against frames that lie.
//
// To write the golden files anew, after a deliberate change of the format (with a new version in
// frame_header.h and doc/wire.md): CAIRN_WRITE_GOLDEN=1 wire_test "[golden]"
#include "wire/codec.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/crc32c.h"
#include "base/status.h"
#include "support/sample_messages.h"
#include "wire/byte_io.h"
#include "wire/data_codec.h"
#include "wire/frame_header.h"
#include "wire/limits.h"

namespace cairn {
namespace {

std::string GoldenPath(const std::string& name) {
  return Concat(CAIRN_SOURCE_DIR, "/test/wire/golden/", name, ".bin");
}

Frame ReadGolden(const std::string& name) {
  std::ifstream file(GoldenPath(name), std::ios::binary);
  REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

Message Sample(const std::string& name) {
  for (SampleMessage& sample : SampleMessages()) {
    if (sample.name == name) return sample.message;
  }
  FAIL("no such sample");
  return {};
}

// Overwrites a field of a frame and makes its checksums right again.
template <typename T>
void Patch(Frame* frame, size_t offset, T value) {
  std::memcpy(frame->data() + offset, &value, sizeof value);
  FrameHeader header;
  std::memcpy(&header, frame->data(), sizeof header);
  const std::span<const std::byte> bytes = *frame;
  if (header.flags & kFlagBodyChecksum) header.body_crc = Crc32c(bytes.subspan(sizeof header));
  std::memcpy(frame->data(), &header, sizeof header);
  header.header_crc = Crc32c(bytes.first(offsetof(FrameHeader, header_crc)));
  std::memcpy(frame->data(), &header, sizeof header);
}

// The error that a frame is refused with.
std::string ErrorOf(const Frame& frame) {
  const auto decoded = DecodeMessage(frame);
  REQUIRE_FALSE(decoded.ok());
  return std::string(MessageOf(decoded.status()));
}

template <typename T>
std::string PatchedError(const std::string& sample, size_t offset, T value) {
  Frame frame = EncodeMessage(Sample(sample));
  Patch(&frame, offset, value);
  return ErrorOf(frame);
}

using Catch::Contains;

TEST_CASE("every message encodes to its golden bytes", "[golden]") {
  for (const SampleMessage& sample : SampleMessages()) {
    INFO(sample.name);
    const Frame frame = EncodeMessage(sample.message);
    if (std::getenv("CAIRN_WRITE_GOLDEN") != nullptr) {
      std::ofstream file(GoldenPath(sample.name), std::ios::binary);
      file.write(reinterpret_cast<const char*>(frame.data()), frame.size());
      REQUIRE(file.flush());
    }
    CHECK(frame == ReadGolden(sample.name));
  }
}

TEST_CASE("there is a sample of every message type") {
  std::vector<size_t> seen(std::variant_size_v<Body>, 0);
  for (const SampleMessage& sample : SampleMessages()) ++seen[sample.message.body.index()];
  CHECK(seen == std::vector<size_t>(std::variant_size_v<Body>, 1));
}

TEST_CASE("golden bytes decode to the message, from any address") {
  for (const SampleMessage& sample : SampleMessages()) {
    INFO(sample.name);
    const Frame golden = ReadGolden(sample.name);
    for (size_t shift : {0, 1, 3, 4}) {
      Frame shifted(shift);
      shifted.insert(shifted.end(), golden.begin(), golden.end());
      const auto decoded = DecodeMessage(std::span(shifted).subspan(shift));
      REQUIRE(decoded.ok());
      CHECK((*decoded)->header == sample.message.header);
      CHECK((*decoded)->bytes == golden.size());
      CHECK((*decoded)->body.index() == sample.message.body.index());
      CHECK(DescribeMessage(**decoded) == DescribeMessage(sample.message));
      shifted.assign(shifted.size(), std::byte{0xEE});  // Nothing of the frame is referenced.
      CHECK(EncodeMessage(**decoded) == golden);
    }
  }
}

TEST_CASE("empty messages come back") {
  const std::vector<Body> empty = {Push{},   PushReply{},       Pull{}, PullReply{}, MapUpdate{},
                                   Grants{}, EvaluationResult{}};
  for (const Body& body : empty) {
    const auto decoded = DecodeMessage(EncodeMessage({{}, body}));
    REQUIRE(decoded.ok());
    CHECK((*decoded)->body.index() == body.index());
  }
}

TEST_CASE("the map of the largest job is one frame") {
  MapUpdate map;
  map.partitions.resize(limits::kPartitionsMax, {7, {3, 9}});
  map.servers.resize(1'000, {{3, 9}, "tcp://192.168.100.100:41793"});
  const Frame frame = EncodeMessage({{}, map});
  CHECK(frame.size() < size_t{2} << 20);
  const auto decoded = DecodeMessage(frame);
  REQUIRE(decoded.ok());
  CHECK(*BodyAs<MapUpdate>(**decoded) == map);
}

TEST_CASE("what does not fit into a frame is refused") {
  const std::vector<float> values(limits::kFrameBytesMax / sizeof(float), 0.1f);
  PullReply reply;
  reply.parts = {{0, PartCode::kOk, std::span(values).first(values.size() - 32)}};
  CHECK(EncodeMessage({{}, reply}).size() <= limits::kFrameBytesMax);
  reply.parts[0].values = values;
  const auto refused = TryEncodeMessage({{}, reply});
  CHECK(refused.status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(refused.status())), Contains("pull_reply: a frame of"));

  Welcome welcome;  // Its length is only known once it is written.
  welcome.init_files.resize(4'096, InitFile{std::string(limits::kStringBytesMax, 'f'), 1});
  CHECK_THAT(std::string(MessageOf(TryEncodeMessage({{}, welcome}).status())),
             Contains("welcome: a frame of"));

  Push push;
  push.parts.push_back({.slice_end = 1});
  CHECK_THAT(std::string(MessageOf(TryEncodeMessage({{}, push}).status())),
             Contains("push.parts[0].slice_end"));
}

TEST_CASE("texts for people are cut, never refused") {
  const std::string text(limits::kStringBytesMax + 100, 'x');
  const auto end = DecodeMessage(EncodeMessage({{}, JobEnd{1, text}}));
  REQUIRE(end.ok());
  CHECK(BodyAs<JobEnd>(**end)->message == text.substr(0, limits::kStringBytesMax));
  PullReply reply;
  reply.error = text;
  const auto pulled = DecodeMessage(EncodeMessage({{}, reply}));
  REQUIRE(pulled.ok());
  CHECK(BodyAs<PullReply>(**pulled)->error.size() == limits::kStringBytesMax);
}

TEST_CASE("a flipped bit in a control frame is found, wherever it is") {
  const Frame golden = EncodeMessage(Sample("grants"));
  for (size_t bit = 0; bit < golden.size() * 8; ++bit) {
    Frame frame = golden;
    frame[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_FALSE(DecodeMessage(frame).ok());
  }
}

TEST_CASE("bulk bodies are checked if the sender asked for it") {
  const Message push = Sample("push");
  Frame frame = EncodeMessage(push, Checksum::kAll);
  CHECK(DecodeMessage(frame).ok());
  frame.back() ^= std::byte{1};
  CHECK_THAT(ErrorOf(frame), Contains("body checksum"));
}

TEST_CASE("every truncation and every extension is refused") {
  for (const SampleMessage& sample : SampleMessages()) {
    const Frame golden = EncodeMessage(sample.message);
    for (size_t bytes = 0; bytes < golden.size(); ++bytes) {
      CHECK_FALSE(DecodeMessage(std::span(golden).first(bytes)).ok());
    }
    Frame longer = golden;
    longer.resize(longer.size() + 8);
    CHECK_THAT(ErrorOf(longer), Contains("lengths add up"));
  }
}

TEST_CASE("lying lengths are found before anything is allocated") {
  CHECK_THAT(PatchedError("push", offsetof(FrameHeader, payload_bytes), ~uint64_t{0} - 7),
             Contains("payload length at offset 24"));
  CHECK_THAT(PatchedError("hello", offsetof(FrameHeader, control_bytes), ~uint32_t{0}),
             Contains("control length at offset 16"));
  // The heads are varints of the sample's values.
  CHECK_THAT(PatchedError("push", 107, uint8_t{0x7F}), Contains("push.parts at offset 107"));
  CHECK_THAT(PatchedError("push", 108, uint8_t{0x7F}), Contains("push.slices at offset 108"));
  CHECK_THAT(PatchedError("pull", 100, uint8_t{0x7F}), Contains("pull.parts at offset 100"));
  CHECK_THAT(PatchedError("push_reply", 100, uint8_t{0x7F}), Contains("push_reply.error"));
  CHECK_THAT(PatchedError("pull_reply", 99, uint8_t{0x7F}), Contains("pull_reply.parts"));
}

// A frame whose fields nobody has checked.
template <typename T>
Frame Forge(const T& body) {
  Frame frame(sizeof(FrameHeader));
  ByteWriter out(&frame);
  WritePayload(body, &out);
  FrameHeader header;
  header.type = static_cast<uint16_t>(TypeOf(&body));
  header.flags = kFlagBodyChecksum;
  header.payload_bytes = frame.size() - sizeof(FrameHeader);
  SealFrame(header, frame);
  return frame;
}

// The error that the sample is refused with after `change`.
template <typename T, typename Change>
std::string ForgedError(const std::string& sample, Change change) {
  T body = *BodyAs<T>(Sample(sample));
  change(&body);
  return ErrorOf(Forge(body));
}

TEST_CASE("fields out of range are named") {
  const auto push_error = [](auto change) { return ForgedError<Push>("push", change); };
  CHECK(DecodeMessage(Forge(*BodyAs<Push>(Sample("push")))).ok());
  CHECK_THAT(push_error([](Push* p) { p->parts[0].partition = limits::kPartitionsMax; }),
             Contains("push.parts[0].partition"));
  CHECK_THAT(push_error([](Push* p) { p->parts[0].fragment = 1; }),
             Contains("push.parts[0].fragment"));
  CHECK_THAT(push_error([](Push* p) { p->parts[1].slice_begin = 1; }),
             Contains("push.parts[1].slice_begin"));
  CHECK_THAT(push_error([](Push* p) { p->parts[1].slice_end = 5; }),
             Contains("push.parts[1].slice_end"));
  CHECK_THAT(push_error([](Push* p) { p->slices[0].table = limits::kTablesMax; }),
             Contains("push.slices[0].table"));
  CHECK_THAT(push_error([](Push* p) { p->slices[3].named.begin = 0xFFFFFFFF; }),
             Contains("push.slices[3].named.begin"));
  CHECK_THAT(push_error([](Push* p) {
               p->slices[3].named.count = 0;
               p->slices[3].values = {};
             }),
             Contains("push.slices[3].named"));
  CHECK_THAT(push_error([](Push* p) { p->rate_factor = HUGE_VALF; }), Contains("push.rate_factor"));
  CHECK_THAT(ForgedError<Pull>("pull", [](Pull* p) { p->kind = static_cast<Pull::Kind>(9); }),
             Contains("pull.kind"));
  constexpr auto kNone = static_cast<PartCode>(8);
  CHECK_THAT(ForgedError<PushReply>("push_reply", [](PushReply* r) { r->parts[0].code = kNone; }),
             Contains("push_reply.parts[0].code"));
  CHECK_THAT(ForgedError<PullReply>("pull_reply", [](PullReply* r) { r->parts[0].code = kNone; }),
             Contains("pull_reply.parts[0].code"));
}

TEST_CASE("other versions, types and flags are refused with a reason") {
  Frame frame = EncodeMessage(Sample("heartbeat"));
  Patch(&frame, offsetof(FrameHeader, major), uint16_t{kWireMajor + 1});
  CHECK(DecodeMessage(frame).status().code() == absl::StatusCode::kUnimplemented);
  frame = EncodeMessage(Sample("heartbeat"));
  Patch(&frame, offsetof(FrameHeader, type), uint16_t{99});
  CHECK(DecodeMessage(frame).status().code() == absl::StatusCode::kUnimplemented);
  CHECK_THAT(PatchedError("heartbeat", offsetof(FrameHeader, magic), 0u), Contains("magic"));
  CHECK_THAT(PatchedError("heartbeat", offsetof(FrameHeader, flags), 5u), Contains("flags"));
  CHECK_THAT(PatchedError("heartbeat", offsetof(FrameHeader, flags), 0u), Contains("flags"));
  CHECK_THAT(PatchedError("heartbeat", offsetof(FrameHeader, header_bytes), uint16_t{104}),
             Contains("header length"));
}

TEST_CASE("a higher minor version and reserved bytes are let through") {
  Frame frame = EncodeMessage(Sample("heartbeat"));
  Patch(&frame, offsetof(FrameHeader, minor), uint16_t{7});
  Patch(&frame, offsetof(FrameHeader, reserved), uint64_t{1});
  CHECK(DecodeMessage(frame).ok());
}

TEST_CASE("a control part under a data type is refused") {
  Frame frame = EncodeMessage(Sample("heartbeat"));
  Patch(&frame, offsetof(FrameHeader, type), static_cast<uint16_t>(MessageType::kPull));
  CHECK_THAT(ErrorOf(frame), Contains("no control part"));
}

}  // namespace
}  // namespace cairn
