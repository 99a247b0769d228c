// Frames in pieces: what is not copied on the way out, and not on the way in.
#include "wire/frame_values.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>

#include "base/status.h"
#include "wire/codec.h"

namespace cairn {
namespace {

using Bytes = std::vector<std::byte>;
using Floats = std::vector<float>;

constexpr size_t kRows = 1'000;
constexpr size_t kWidth = 32;

// Numbers that need all their bits.
std::shared_ptr<Floats> Numbers(size_t count) {
  auto numbers = std::make_shared<Floats>(count);
  for (size_t i = 0; i < count; ++i) (*numbers)[i] = 0.1f + static_cast<float>(i);
  return numbers;
}

// A push of kRows rows to partition 0 and as many to partition 1, whose values lie side by side.
Message LargePush(const std::shared_ptr<Floats>& values) {
  static const std::vector<uint64_t> ids = [] {
    std::vector<uint64_t> all(2 * kRows);
    for (size_t i = 0; i < all.size(); ++i) all[i] = 1'000 * i;
    return all;
  }();
  static const std::vector<uint32_t> counts(2 * kRows, 2);
  Push push;
  push.ref = {3, 1};
  push.step = 5;
  for (uint32_t p = 0; p < 2; ++p) {
    push.parts.push_back({.partition = p, .slice_begin = p, .slice_end = p + 1});
    push.slices.push_back({0, std::span(ids).subspan(p * kRows, kRows),
                           std::span(*values).subspan(p * kRows * kWidth, kRows * kWidth),
                           std::span(counts).subspan(p * kRows, kRows)});
  }
  push.storage = values;
  return {{}, std::move(push)};
}

FramePieces PiecesOf(const Message& message, Checksum checksum = Checksum::kControl) {
  absl::StatusOr<FramePieces> pieces = TryEncodePieces(message, checksum);
  REQUIRE(pieces.ok());
  return *std::move(pieces);
}

Bytes Joined(const FramePieces& pieces) {
  Bytes all = pieces.head;
  for (const auto& piece : pieces.values) all.insert(all.end(), piece.begin(), piece.end());
  return all;
}

std::string ErrorOf(const FrameView& frame) {
  const auto decoded = DecodeMessage(frame, nullptr);
  REQUIRE_FALSE(decoded.ok());
  return std::string(MessageOf(decoded.status()));
}

using Catch::Contains;

TEST_CASE("values that are many stay where they are, and the pieces make the same frame") {
  const auto values = Numbers(2 * kRows * kWidth);
  const Message push = LargePush(values);
  for (const Checksum checksum : {Checksum::kControl, Checksum::kAll}) {
    const FramePieces pieces = PiecesOf(push, checksum);
    REQUIRE(pieces.values.size() == 1);  // Neighbours.
    CHECK(static_cast<const void*>(pieces.values[0].data()) == values->data());
    CHECK(pieces.values[0].size() == values->size() * sizeof(float));
    CHECK(Joined(pieces) == EncodeMessage(push, checksum));
    CHECK(pieces.size() == Joined(pieces).size());
  }
}

TEST_CASE("values that are few, scattered or short are copied") {
  const auto values = Numbers(2 * kRows * kWidth);
  Message message = LargePush(values);
  Push& push = std::get<Push>(message.body);
  const Floats round(kRows * kWidth, 0.5f);
  push.slices[1].values = round;  // They travel in one byte each.
  CHECK(PiecesOf(message).values.empty());
  // Two pieces are better than a copy, many small ones are not.
  const Floats elsewhere = *Numbers(kRows * kWidth);
  push.slices[1].values = elsewhere;
  CHECK(PiecesOf(message).values.size() == 2);
  CHECK(Joined(PiecesOf(message)) == EncodeMessage(message));
  PullReply reply;
  for (uint32_t p = 0; p < 20; ++p) {
    reply.parts.push_back({p, PartCode::kOk, std::span(*values).subspan(2'000 * p, 1'999)});
  }
  CHECK(PiecesOf({{}, reply}).values.empty());
  reply.parts.resize(2);
  CHECK(PiecesOf({{}, reply}).values.empty());
}

TEST_CASE("values are used where they were received, as long as the message lives") {
  const auto values = Numbers(2 * kRows * kWidth);
  const Message push = LargePush(values);
  const FramePieces pieces = PiecesOf(push);
  const auto owner = std::make_shared<int>();
  {
    const auto decoded = DecodeMessage(FrameView{pieces.head, pieces.values}, owner);
    REQUIRE(decoded.ok());
    const Push& got = *BodyAs<Push>(**decoded);
    CHECK(got.slices[0].values.data() == values->data());
    CHECK(got.slices[1].values.data() == values->data() + kRows * kWidth);
    CHECK(got.slices[1].counts.back() == 2);
    CHECK(EncodeMessage(**decoded) == EncodeMessage(push));
    CHECK(owner.use_count() == 2);
  }
  CHECK(owner.use_count() == 1);
}

TEST_CASE("a frame in one piece has its values in place too, if they are aligned") {
  const Message push = LargePush(Numbers(2 * kRows * kWidth));
  const Frame frame = EncodeMessage(push);
  const auto owner = std::make_shared<int>();
  for (const size_t shift : {0, 1, 4}) {
    Bytes shifted(shift);
    shifted.insert(shifted.end(), frame.begin(), frame.end());
    const auto decoded = DecodeMessage(FrameView{std::span(shifted).subspan(shift)}, owner);
    REQUIRE(decoded.ok());
    const bool is_held = owner.use_count() == 2;
    CHECK(is_held == (shift % alignof(float) == 0));
    CHECK(EncodeMessage(**decoded) == frame);
  }
}

TEST_CASE("without an owner values are copied") {
  const auto values = Numbers(2 * kRows * kWidth);
  const Message push = LargePush(values);
  const FramePieces pieces = PiecesOf(push);
  const auto decoded = DecodeMessage(FrameView{pieces.head, pieces.values}, nullptr);
  REQUIRE(decoded.ok());
  CHECK(BodyAs<Push>(**decoded)->slices[0].values.data() != values->data());
  CHECK(EncodeMessage(**decoded) == EncodeMessage(push));
}

TEST_CASE("a frame that is cut where it must not be is refused") {
  const Message push = LargePush(Numbers(2 * kRows * kWidth));
  const Frame frame = EncodeMessage(push);
  const size_t values_begin = PiecesOf(push).head.size();
  const auto cut_at = [&](size_t first, size_t second) {
    const std::span<const std::byte> bytes = frame;
    const std::vector<std::span<const std::byte>> others = {bytes.subspan(first, second - first),
                                                            bytes.subspan(second)};
    return DecodeMessage(FrameView{bytes.first(first), others}, nullptr).ok();
  };
  const size_t slice = kRows * kWidth * sizeof(float);
  CHECK(cut_at(values_begin, values_begin + slice));
  CHECK(cut_at(values_begin + slice, values_begin + slice));
  CHECK_FALSE(cut_at(values_begin, values_begin + slice - 4));
  CHECK_FALSE(cut_at(values_begin - 8, values_begin));
  CHECK_FALSE(cut_at(100, values_begin));
  CHECK_FALSE(cut_at(50, values_begin));
}

TEST_CASE("pieces that are too few, too many, changed or of another type are refused") {
  const auto values = Numbers(2 * kRows * kWidth);
  const FramePieces pieces = PiecesOf(LargePush(values), Checksum::kAll);
  CHECK_THAT(ErrorOf({pieces.head}), Contains("lengths add up to"));
  std::vector<std::span<const std::byte>> twice(2, pieces.values[0]);
  CHECK_THAT(ErrorOf({pieces.head, twice}), Contains("lengths add up to"));
  (*values)[77] = 1;
  CHECK_THAT(ErrorOf({pieces.head, pieces.values}), Contains("body checksum"));
  const Frame hello = EncodeMessage({{}, Hello{}});
  const std::vector<std::span<const std::byte>> none(1);
  CHECK_THAT(ErrorOf({hello, none}), Contains("2 pieces"));
}

}  // namespace
}  // namespace cairn
