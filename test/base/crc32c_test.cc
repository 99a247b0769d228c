#include "base/crc32c.h"

#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace cairn {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::vector<std::byte> RandomBytes(size_t count) {
  SeededRandom random(count);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.Next());
  return bytes;
}

TEST_CASE("Crc32c gives the published values") {
  CHECK(Crc32c({}) == 0);
  CHECK(Crc32c(Bytes("a")) == 0xC1D04330u);
  CHECK(Crc32c(Bytes("123456789")) == 0xE3069283u);
  // RFC 3720, appendix B.4.
  CHECK(Crc32c(std::vector<std::byte>(32, std::byte{0x00})) == 0x8A9136AAu);
  CHECK(Crc32c(std::vector<std::byte>(32, std::byte{0xFF})) == 0x62A8AB43u);
  std::vector<std::byte> rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<std::byte>(i));
  CHECK(Crc32c(rising) == 0x46DD794Eu);
}

TEST_CASE("the table alone gives the published value") {
  CHECK(internal::Crc32cByTable(Bytes("123456789"), 0) == 0xE3069283u);
}

TEST_CASE("table and instruction agree at every length and alignment") {
  if (!internal::HasCrc32cInstruction()) {
    WARN("this machine has no crc32c instruction");
    return;
  }
  const std::vector<std::byte> bytes = RandomBytes(300);
  for (size_t from = 0; from < 9; ++from) {
    for (size_t length = 0; from + length <= bytes.size(); ++length) {
      const auto part = std::span(bytes).subspan(from, length);
      const uint32_t seed = static_cast<uint32_t>(length * 2654435761u);
      REQUIRE(internal::Crc32cByTable(part, seed) == internal::Crc32cByInstruction(part, seed));
    }
  }
}

TEST_CASE("a checksum goes on where another ended") {
  const std::vector<std::byte> bytes = RandomBytes(100);
  const uint32_t whole = Crc32c(bytes);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const auto all = std::span(bytes);
    REQUIRE(Crc32c(all.subspan(cut), Crc32c(all.first(cut))) == whole);
  }
}

TEST_CASE("every single flipped bit shows") {
  std::vector<std::byte> bytes = RandomBytes(64);
  const uint32_t whole = Crc32c(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    REQUIRE(Crc32c(bytes) != whole);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

}  // namespace
}  // namespace cairn
