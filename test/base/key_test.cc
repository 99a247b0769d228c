#include "cairn/key.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace cairn {
namespace {

// Models that were saved hold them.
TEST_CASE("The key of a text never changes") {
  CHECK(KeyOf("") == 0xF52A15E9A9B5E89Bu);
  CHECK(KeyOf("word") == 0xF90BA9A629D4DE95u);
}

TEST_CASE("Different texts have different keys") {
  std::set<Key> keys;
  for (int i = 0; i < 100'000; ++i) keys.insert(KeyOf(std::to_string(i)));
  CHECK(keys.size() == 100'000);
}

}  // namespace
}  // namespace cairn
