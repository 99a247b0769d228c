#include "base/numbers.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "base/random.h"
#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("ParseU64 reads whole texts only") {
  CHECK(ParseU64("0").value() == 0);
  CHECK(ParseU64("007").value() == 7);
  CHECK(ParseU64("18446744073709551615").value() == std::numeric_limits<uint64_t>::max());
  for (const char* bad : {"", " 1", "1 ", "-1", "+1", "1.0", "0x10", "1e3", "seven"}) {
    INFO(bad);
    CHECK(ParseU64(bad).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("ParseU64 says what is wrong") {
  CHECK(MessageOf(ParseU64("12x").status()) == "\"12x\" is not a whole number of 0 or more");
  CHECK(MessageOf(ParseU64("18446744073709551616").status()) ==
        "\"18446744073709551616\" is too large: the most is 18446744073709551615");
  CHECK(MessageOf(ParseU64("18446744073709551616x").status()) ==
        "\"18446744073709551616x\" is not a whole number of 0 or more");
}

TEST_CASE("errors quote a bounded, printable piece of the text") {
  const absl::Status error = ParseU64("\n" + std::string(1000, 'z')).status();
  CHECK(MessageOf(error) ==
        "\"?" + std::string(39, 'z') + "...\" is not a whole number of 0 or more");
}

TEST_CASE("ParseDouble reads decimal and scientific texts") {
  CHECK(ParseDouble("1").value() == 1.0);
  CHECK(ParseDouble("+1").value() == 1.0);
  CHECK(ParseDouble("-.5").value() == -0.5);
  CHECK(ParseDouble("2.").value() == 2.0);
  CHECK(ParseDouble("1e-3").value() == 1e-3);
  CHECK(ParseDouble("1.7976931348623157e308").value() == std::numeric_limits<double>::max());
  CHECK(std::signbit(ParseDouble("-0").value()));
  for (const char* bad : {"", "+", "-", "+-1", "++1", "1,5", " 1", "1 ", "nan", "inf", "-inf", "1e",
                          "0x1p3", "1e999"}) {
    INFO(bad);
    CHECK(ParseDouble(bad).status().code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(MessageOf(ParseDouble("1e999").status()) ==
        "\"1e999\" is beyond the range of a 64-bit number");
  CHECK(MessageOf(ParseDouble("inf").status()) == "\"inf\" is not a finite number");
}

TEST_CASE("ParseFloat rounds to the nearest float") {
  CHECK(ParseFloat("0.1").value() == 0.1f);
  CHECK(ParseFloat("+3.5").value() == 3.5f);
  CHECK(ParseFloat("1e-45").value() == std::numeric_limits<float>::denorm_min());
  CHECK(ParseFloat("1e-60").value() == 0.0f);
  CHECK(ParseFloat("-1e-60").value() == 0.0f);
  CHECK(MessageOf(ParseFloat("1e39").status()) ==
        "\"1e39\" is beyond the range of a 32-bit number");
  CHECK(MessageOf(ParseFloat("-1e39").status()) ==
        "\"-1e39\" is beyond the range of a 32-bit number");
  for (const char* bad : {"", "x", "1f", "inf", "nan", "1e999"}) {
    INFO(bad);
    CHECK(ParseFloat(bad).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("FormatFloat9 writes what printf writes") {
  CHECK(FormatFloat9(0.1f) == "0.100000001");
  CHECK(FormatFloat9(0.5) == "0.5");
  CHECK(FormatFloat9(-0.0) == "-0");
  CHECK(FormatFloat9(1e10) == "1e+10");
  CHECK(FormatFloat9(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(FormatFloat9(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(FormatFloat9(-std::nan("")) == "nan");
  CHECK(FormatFloat9(-std::numeric_limits<double>::min()) == "-2.22507386e-308");
}

TEST_CASE("every float comes back from FormatFloat9") {
  SeededRandom random(3);
  for (int i = 0; i < 20'000; ++i) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random.Next()));
    if (!std::isfinite(value)) continue;
    const std::string text = FormatFloat9(value);
    char expected[32];
    std::snprintf(expected, sizeof(expected), "%.9g", static_cast<double>(value));
    REQUIRE(text == expected);
    REQUIRE(ParseFloat(text).value() == value);
  }
}

}  // namespace
}  // namespace cairn
