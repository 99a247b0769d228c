#include "sharding/consistency.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

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
        "\"sync\" is none of asp, bsp, ssp:K (K steps, 0 to 1,000,000)");
  CHECK(MessageOf(ParseConsistency("ssp:1000001").status()) ==
        "ssp takes a staleness of 0 to 1,000,000 steps, not 1,000,001");
  CHECK(MessageOf(ParseConsistency("ssp:x").status()) ==
        "steps after \"ssp:\": \"x\" is not a whole number of 0 or more");
}

TEST_CASE("the refusal says which mode was probably meant") {
  const auto guess = [](std::string_view text) {
    const absl::Status status = ParseConsistency(text).status();
    const std::string_view message = MessageOf(status);
    const size_t at = message.find("; ");
    return at == message.npos ? "" : std::string(message.substr(at + 2));
  };
  CHECK(guess("spp:2") == "did you mean ssp:2?");
  CHECK(guess("ssp") == "did you mean ssp:K?");
  CHECK(guess("ssp2") == "did you mean ssp:K?");
  CHECK(guess("ASP").empty());
  CHECK(guess("bps") == "did you mean bsp?");
  CHECK(guess("bsp:1").empty());
  CHECK(guess("sync").empty());
}

}  // namespace
}  // namespace cairn
