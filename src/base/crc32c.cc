#include "base/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/check.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace cairn {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

constexpr uint32_t kPolynomialReflected = 0x82F63B78u;

// table[k][b]: what byte b does to the checksum when k zero bytes follow it.
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? kPolynomialReflected : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint64_t LoadWord(const std::byte* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

uint32_t AddByte(uint32_t crc, std::byte byte) {
  return (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint32_t>(byte)) & 0xFF];
}

uint32_t AddWord(uint32_t crc, uint64_t word) {
  word ^= crc;
  uint32_t result = 0;
  for (size_t i = 0; i < 8; ++i) result ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
  return result;
}

}  // namespace

namespace internal {

uint32_t Crc32cByTable(std::span<const std::byte> data, uint32_t seed) {
  uint32_t crc = ~seed;
  while (data.size() >= sizeof(uint64_t)) {
    crc = AddWord(crc, LoadWord(data.data()));
    data = data.subspan(sizeof(uint64_t));
  }
  for (const std::byte byte : data) crc = AddByte(crc, byte);
  return ~crc;
}

#if defined(__x86_64__)

bool HasCrc32cInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t Crc32cByInstruction(std::span<const std::byte> data,
                                                               uint32_t seed) {
  const std::byte* at = data.data();
  size_t left = data.size();
  uint64_t crc = ~seed;
  for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    crc = _mm_crc32_u64(crc, LoadWord(at));
  }
  for (; left > 0; --left, ++at) {
    crc = _mm_crc32_u8(static_cast<uint32_t>(crc), static_cast<uint8_t>(*at));
  }
  return ~static_cast<uint32_t>(crc);
}

#else

bool HasCrc32cInstruction() { return false; }

uint32_t Crc32cByInstruction(std::span<const std::byte>, uint32_t) {
  CheckFailed(__FILE__, __LINE__, "HasCrc32cInstruction()");
}

#endif

}  // namespace internal

uint32_t Crc32c(std::span<const std::byte> data, uint32_t seed) {
  static const bool has_instruction = internal::HasCrc32cInstruction();
  return has_instruction ? internal::Crc32cByInstruction(data, seed)
                         : internal::Crc32cByTable(data, seed);
}

}  // namespace cairn
