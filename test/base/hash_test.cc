#include "base/hash.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <set>

namespace cairn {
namespace {

TEST_CASE("Mix64 gives the values that files and placement depend on") {
  CHECK(Mix64(0) == 0);
  // The first outputs of the reference SplitMix64 with seed 0.
  CHECK(Mix64(0x9E3779B97F4A7C15u) == 0xE220A8397B1DCDAFu);
  CHECK(Mix64(2 * 0x9E3779B97F4A7C15u) == 0x6E789E6AA1B965F4u);
  CHECK(Mix64(3 * 0x9E3779B97F4A7C15u) == 0x06C45D188009454Fu);
}

TEST_CASE("Unmix64 inverts Mix64") {
  uint64_t x = 1;
  for (int i = 0; i < 10'000; ++i) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    REQUIRE(Unmix64(Mix64(x)) == x);
    REQUIRE(Mix64(Unmix64(x)) == x);
  }
  const uint64_t last = std::numeric_limits<uint64_t>::max();
  CHECK(Unmix64(Mix64(last)) == last);
}

TEST_CASE("every input bit of Mix64 moves about half of the output bits") {
  for (int bit = 0; bit < 64; ++bit) {
    int flipped = 0;
    for (uint64_t x = 1; x <= 256; ++x) {
      flipped += std::popcount(Mix64(x) ^ Mix64(x ^ (uint64_t{1} << bit)));
    }
    // 256 * 32 expected, standard deviation 64.
    CHECK(flipped > 8192 - 512);
    CHECK(flipped < 8192 + 512);
  }
}

TEST_CASE("HashWords depends on every word and on their order") {
  CHECK(HashWords(1, 2) != HashWords(2, 1));
  CHECK(HashWords(1, 2, 3) != HashWords(1, 3, 2));
  CHECK(HashWords(1, 2, 3) != HashWords(1, 2));
  CHECK(HashWords(1, 2, 3) == HashWords(HashWords(1, 2), 3));
  std::set<uint64_t> seen;
  for (uint64_t a = 0; a < 64; ++a) {
    for (uint64_t b = 0; b < 64; ++b) seen.insert(HashWords(a, b));
  }
  CHECK(seen.size() == 64 * 64);
}

TEST_CASE("HashString tells names apart and is fixed") {
  static_assert(HashString("") == Mix64(0xCBF29CE484222325u));
  static_assert(HashString("a") == Mix64(0xAF63DC4C8601EC8Cu));  // FNV-1a of "a".
  CHECK(HashString("w") != HashString("v"));
  CHECK(HashString("ab") != HashString("ba"));
  CHECK(HashString("\xFF") == Mix64((0xCBF29CE484222325u ^ 0xFF) * 0x100000001B3u));
}

TEST_CASE("UnitInterval covers [0, 1)") {
  CHECK(UnitInterval(0) == 0.0);
  CHECK(UnitInterval(uint64_t{1} << 63) == 0.5);
  const double last = UnitInterval(std::numeric_limits<uint64_t>::max());
  CHECK(last < 1.0);
  CHECK(last == 1.0 - 0x1.0p-53);
}

}  // namespace
}  // namespace cairn
