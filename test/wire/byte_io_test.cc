#include "wire/byte_io.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

struct Pair {
  uint64_t a;
  uint32_t b, c;
};

TEST_CASE("what is written is read back, everything at a multiple of 8") {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  const std::vector<uint32_t> numbers = {1, 2, 3};
  out.Record(Pair{1, 2, 3});
  out.Array(std::span<const uint32_t>(numbers));
  out.String("cairn");
  out.Bytes("xyz");
  CHECK(out.size() == 16 + 16 + 16 + 8);

  ByteReader in(bytes, 96);
  const auto pair = in.Record<Pair>("pair");
  REQUIRE(pair.ok());
  CHECK(pair->c == 3);
  std::vector<uint32_t> read;
  REQUIRE(in.Array("numbers", 3, &read).ok());
  CHECK(read == numbers);
  std::string text;
  REQUIRE(in.String("text", 5, &text).ok());
  CHECK(text == "cairn");
  CHECK_FALSE(in.End("end").ok());
  REQUIRE(in.Bytes("bytes", 3, 3, &text).ok());
  CHECK(text == "xyz");
  CHECK(in.End("end").ok());
  CHECK(in.offset() == 96 + bytes.size());
}

TEST_CASE("nothing is allocated for a count that the bytes cannot hold") {
  const std::vector<std::byte> bytes(64);
  ByteReader in(bytes);
  std::vector<uint64_t> numbers;
  // 2^61 elements of 8 bytes: the product is 0 in 64 bits.
  CHECK_FALSE(in.Array("numbers", uint64_t{1} << 61, &numbers).ok());
  CHECK_FALSE(in.Array("numbers", 9, &numbers).ok());
  CHECK(numbers.capacity() == 0);
  std::vector<Pair> pairs;
  CHECK_FALSE(in.Records("pairs", 5, &pairs).ok());
  CHECK(pairs.capacity() == 0);
  CHECK(in.Array("numbers", 8, &numbers).ok());
}

TEST_CASE("strings have a bound of their own, and their padding has to be there") {
  std::vector<std::byte> bytes;
  ByteWriter(&bytes).String("abcdefgh");
  std::string text;
  CHECK_FALSE(ByteReader(bytes).String("text", 7, &text).ok());
  bytes.resize(12);  // The text is whole, its padding is not.
  CHECK_FALSE(ByteReader(bytes).String("text", 8, &text).ok());
}

TEST_CASE("errors name the field and where it begins") {
  const std::vector<std::byte> bytes(8);
  ByteReader in(bytes, 96);
  const auto pair = in.Record<Pair>("pair");
  CHECK(std::string(MessageOf(pair.status())) ==
        "pair at offset 96: 1 elements of 16 bytes, but 8 bytes are left");
}

TEST_CASE("packed numbers take as many bytes as they need, and lie one behind another") {
  const std::vector<uint64_t> numbers = {0, 127, 128, 16'383, 16'384, uint64_t{1} << 63, ~0ull};
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  for (const uint64_t number : numbers) out.Varint(number);
  CHECK(out.size() == 1 + 1 + 2 + 2 + 3 + 10 + 10);
  out.PackedText("ab");
  out.Packed(std::span<const uint64_t>(numbers));
  ByteReader in(bytes);
  for (const uint64_t number : numbers) {
    uint64_t read = 0;
    REQUIRE(in.Varint(&read));
    CHECK(read == number);
  }
  std::string text;
  REQUIRE(in.PackedText("text", 2, 2, &text).ok());
  CHECK(text == "ab");
  std::vector<uint64_t> again(numbers.size());
  REQUIRE(in.Packed("numbers", again.size(), again.data()).ok());
  CHECK(again == numbers);
  CHECK(in.End("end").ok());
}

TEST_CASE("a varint that is cut off, too long or too large is refused") {
  const auto read = [](std::vector<uint8_t> raw) {
    ByteReader in(std::as_bytes(std::span(raw)));
    uint64_t number = 0;
    return in.Varint(&number);
  };
  CHECK(read({0x80, 0x01}));
  CHECK_FALSE(read({}));
  CHECK_FALSE(read({0x80}));
  CHECK_FALSE(read({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02}));
  CHECK_FALSE(read({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}));
  std::vector<std::byte> bytes;
  ByteWriter(&bytes).Varint(uint64_t{1} << 32);
  uint32_t small = 0;
  CHECK(std::string(MessageOf(ByteReader(bytes, 96).Varint("small", &small))) ==
        "small at offset 96: 4294967296, at most 4294967295 is legal");
}

TEST_CASE("ZigZag keeps what is close to 0 small, and tells everything back") {
  CHECK(ZigZag(0) == 0);
  CHECK(ZigZag(~uint64_t{0}) == 1);
  CHECK(ZigZag(1) == 2);
  for (const uint64_t number : {uint64_t{0}, uint64_t{5}, ~uint64_t{0}, uint64_t{1} << 63}) {
    CHECK(UnZigZag(ZigZag(number)) == number);
  }
}

}  // namespace
}  // namespace cairn
