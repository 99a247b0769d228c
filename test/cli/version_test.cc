#include "cli/version.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("The version is three numbers", "[version]") {
  const std::string_view version = Version();
  CHECK(std::count(version.begin(), version.end(), '.') == 2);
  CHECK(version.find_first_not_of("0123456789.") == version.npos);
}

}  // namespace
}  // namespace cairn
