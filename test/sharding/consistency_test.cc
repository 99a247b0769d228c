#include "sharding/consistency.h"

#include <catch2/catch.hpp>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("every mode is read back as it was written") {
  for (const char* text : {"asp", "bsp", "ssp:0", "ssp:2", "ssp:1000000"}) {
    const auto mode = ParseConsistency(text);
    REQUIRE(mode.ok());
    CHECK(FormatConsistency(*mode) == text);
  }
  CHECK(ParseConsistency("asp").value() == ConsistencyMode{Consistency::kAsp, 0});
  CHECK(ParseConsistency("bsp").value() == ConsistencyMode{Consistency::kBsp, 0});
  CHECK(ParseConsistency("ssp:7").value() == ConsistencyMode{Consistency::kSsp, 7});
}

TEST_CASE("what is no mode is refused") {
  for (const char* text : {"", "ASP", "asp ", "ssp", "ssp:", "ssp:-1", "ssp:2x", "ssp:1000001",
                           "ssp:99999999999999999999", "bsp:1"}) {
    INFO(text);
    CHECK(ParseConsistency(text).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("the refusal says what is legal") {
  CHECK(MessageOf(ParseConsistency("sync").status()) ==
        "consistency: \"sync\" is none of asp, bsp, ssp:K (K steps, 0 .. 1000000)");
  CHECK(MessageOf(ParseConsistency("ssp:1000001").status()) ==
        "consistency: ssp takes a staleness of 0 .. 1000000 steps, not 1000001");
  CHECK(MessageOf(ParseConsistency("ssp:x").status()) ==
        "consistency: steps after \"ssp:\": \"x\" is not a whole number of 0 or more");
}

}  // namespace
}  // namespace cairn
