#include "base/suggest.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("EditDistance counts edits and swaps of neighbours", "[suggest]") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("abc", "") == 3);
  CHECK(EditDistance("adagrad", "adagrad") == 0);
  CHECK(EditDistance("adagrad", "adgrad") == 1);
  CHECK(EditDistance("adma", "adam") == 1);
  CHECK(EditDistance("kitten", "sitting") == 3);
}

TEST_CASE("ClosestWord finds a near word and nothing far away", "[suggest]") {
  const std::vector<std::string> known = {"adagrad", "adam", "ftrl", "sgd"};
  CHECK(ClosestWord("adgrad", known) == "adagrad");
  CHECK(ClosestWord("adma", known) == "adam");
  CHECK(ClosestWord("sgs", known) == "sgd");
  CHECK(ClosestWord("momentum", known).empty());
  CHECK(ClosestWord("", known).empty());
  CHECK(ClosestWord(std::string(100'000, 'a'), known).empty());
  CHECK(ClosestWord("x", {}).empty());
}

TEST_CASE("ClosestWord takes the first of equals", "[suggest]") {
  const std::vector<std::string> known = {"lr1", "lr2"};
  CHECK(ClosestWord("lr3", known) == "lr1");
}

}  // namespace
}  // namespace cairn
