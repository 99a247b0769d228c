#include "wire/version_notice.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/status.h"
#include "wire/codec.h"
#include "wire/frame_header.h"

namespace cairn {
namespace {

std::vector<std::byte> BytesOf(std::initializer_list<int> numbers) {
  std::vector<std::byte> bytes;
  for (const int number : numbers) bytes.push_back(static_cast<std::byte>(number));
  return bytes;
}

TEST_CASE("version notice: these bytes hold for all time") {
  const auto bytes = WriteVersionNotice({2, 5});
  CHECK(bytes == BytesOf({'C', 'R', 'N', 'V', 2, 0, 5, 0, 0, 0, 0, 0, 0x8e, 0xb0, 0xb6, 0x8a}));
  REQUIRE(IsVersionNotice(bytes));
  const auto read = ReadVersionNotice(bytes);
  REQUIRE(read.ok());
  CHECK(*read == VersionNotice{2, 5});
}

TEST_CASE("version notice: a flipped bit, another length, other bytes are refused") {
  const auto whole = WriteVersionNotice({2, 5});
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    CHECK_FALSE(ReadVersionNotice(bytes).ok());
  }
  for (size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(DecodeMessage(std::span(whole).first(length)).ok());
  }
  CHECK_FALSE(IsVersionNotice(EncodeMessage({{}, Heartbeat{}})));
}

TEST_CASE("version notice: the version of a foreign frame shows, whatever follows it") {
  const auto foreign = ForeignVersion(BytesOf({'C', 'R', 'N', '1', 3, 0, 9, 0}));
  REQUIRE(foreign.has_value());
  CHECK(*foreign == VersionNotice{3, 9});
  CHECK_FALSE(ForeignVersion(BytesOf({'C', 'R', 'N', '1', 3, 0, 9})).has_value());
  CHECK_FALSE(ForeignVersion(BytesOf({'C', 'R', 'N', '2', 3, 0, 9, 0})).has_value());
  CHECK_FALSE(ForeignVersion(EncodeMessage({{}, Heartbeat{}})).has_value());
  CHECK_FALSE(ForeignVersion(WriteVersionNotice({2, 5})).has_value());
}

}  // namespace
}  // namespace cairn
