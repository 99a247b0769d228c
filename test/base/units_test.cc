#include "base/units.h"

#include <catch2/catch.hpp>
#include <limits>

namespace cairn {
namespace {

TEST_CASE("HumanBytes uses binary units and one decimal") {
  CHECK(HumanBytes(0) == "0 B");
  CHECK(HumanBytes(1023) == "1023 B");
  CHECK(HumanBytes(1024) == "1.0 KiB");
  CHECK(HumanBytes(1536) == "1.5 KiB");
  CHECK(HumanBytes((1u << 20) - 1) == "1.0 MiB");
  CHECK(HumanBytes(uint64_t{5} << 30) == "5.0 GiB");
  CHECK(HumanBytes(std::numeric_limits<uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("HumanCount groups by thousands") {
  CHECK(HumanCount(0) == "0");
  CHECK(HumanCount(999) == "999");
  CHECK(HumanCount(1000) == "1,000");
  CHECK(HumanCount(2700296) == "2,700,296");
  CHECK(HumanCount(std::numeric_limits<uint64_t>::max()) == "18,446,744,073,709,551,615");
}

TEST_CASE("HumanSeconds picks a unit and never shows a full one of the next") {
  CHECK(HumanSeconds(0) == "0 s");
  CHECK(HumanSeconds(12e-6) == "12 us");
  CHECK(HumanSeconds(0.0009996) == "1.0 ms");
  CHECK(HumanSeconds(0.0123) == "12.3 ms");
  CHECK(HumanSeconds(0.99996) == "1.0 s");
  CHECK(HumanSeconds(7.5) == "7.5 s");
  CHECK(HumanSeconds(59.96) == "1 min 0 s");
  CHECK(HumanSeconds(125) == "2 min 5 s");
  CHECK(HumanSeconds(3599.6) == "1 h 0 min");
  CHECK(HumanSeconds(7260) == "2 h 1 min");
  CHECK(HumanSeconds(-7.5) == "-7.5 s");
  CHECK(HumanSeconds(std::numeric_limits<double>::infinity()) == "unknown");
  CHECK(HumanSeconds(std::numeric_limits<double>::quiet_NaN()) == "unknown");
}

}  // namespace
}  // namespace cairn
