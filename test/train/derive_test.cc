#include "train/derive.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <ctime>
#include <limits>
#include <string>

#include "base/random.h"

namespace cairn {
namespace {

int64_t Part(DeriveFunction function, std::string_view time) {
  const auto seconds = ParseTime(time);
  REQUIRE(seconds.has_value());
  return PartOfTime(function, *seconds);
}

TEST_CASE("Functions are found by their names", "[derive]") {
  for (const char* name : {"hour", "weekday", "yearday", "day", "month", "div", "log"}) {
    const auto function = FindDeriveFunction(name);
    REQUIRE(function.has_value());
    CHECK(DeriveFunctionName(*function) == name);
    CHECK(IsOfTime(*function) != HasParameter(*function));
  }
  CHECK_FALSE(FindDeriveFunction("Hour").has_value());
  CHECK_FALSE(FindDeriveFunction("").has_value());
}

TEST_CASE("Times are read in all their forms", "[derive]") {
  for (const char* text :
       {"2001-01-31T23:59:00", "2001-01-31T23:59", "2001-01-31 23:59", "2001-01-31T23:59:00.999",
        "2001-01-31T23:59Z", "980985540", "980985540.75"}) {
    INFO(text);
    CHECK(ParseTime(text) == 980'985'540);
  }
  CHECK(ParseTime("2001-01-31") == 980'899'200);
  CHECK(ParseTime("1970-01-01") == 0);
  CHECK(ParseTime("-1") == -1);
  CHECK(ParseTime("-0.5") == -1);
  CHECK(ParseTime("0001-01-01T00:00:00") == -62'135'596'800);
  CHECK(ParseTime("9999-12-31T23:59:59") == 253'402'300'799);
}

TEST_CASE("What is no time is none", "[derive]") {
  for (const char* text : {"",
                           "T",
                           "now",
                           "2001",
                           "2001-1-1x",
                           "2001-13-01",
                           "2001-00-01",
                           "2001-02-29",
                           "1900-02-29",
                           "2001-04-31",
                           "2001-01-00",
                           "0000-01-01",
                           "2001-01-01T24:00",
                           "2001-01-01T23:60",
                           "2001-01-01T23:59:60",
                           "2001-01-01T23",
                           "2001-01-01T",
                           "2001-01-01T23:59+02:00",
                           "2001-01-01T23:59:00.",
                           "2001-01-01x23:59",
                           "20010101T000000",
                           "1e9",
                           "nan",
                           "inf",
                           "12 ",
                           "253402300800",
                           "-62135596801",
                           "99999999999999999999"}) {
    INFO(text);
    if (std::string_view(text) == "2001") continue;  // Seconds: half past midnight in 1970.
    CHECK_FALSE(ParseTime(text).has_value());
  }
  CHECK(ParseTime("2001") == 2001);
}

TEST_CASE("Parts of a time", "[derive]") {
  using F = DeriveFunction;
  CHECK(Part(F::kHour, "2001-01-31T23:59") == 23);
  CHECK(Part(F::kHour, "2001-01-31") == 0);
  CHECK(Part(F::kHour, "-1") == 23);
  CHECK(Part(F::kWeekday, "2001-01-01") == 0);
  CHECK(Part(F::kWeekday, "1970-01-01") == 3);
  CHECK(Part(F::kWeekday, "1969-12-28T23:59") == 6);
  CHECK(Part(F::kYearday, "2001-01-01T05:00") == 1);
  CHECK(Part(F::kYearday, "2000-12-31") == 366);
  CHECK(Part(F::kYearday, "1900-12-31") == 365);
  CHECK(Part(F::kDay, "1970-01-02") == 1);
  CHECK(Part(F::kDay, "1969-12-31T23:59") == -1);
  CHECK(Part(F::kMonth, "2001-12-31T23:59") == 12);
  CHECK(Part(F::kMonth, "0001-01-01") == 1);
  CHECK(Part(F::kMonth, "9999-12-31") == 12);
}

TEST_CASE("The calendar is the C library's", "[derive]") {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto seconds = static_cast<int64_t>(random.Below(315'537'897'600)) - 62'135'596'800;
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts = {};
    gmtime_r(&time, &parts);
    CAPTURE(seconds);
    CHECK(PartOfTime(DeriveFunction::kHour, seconds) == parts.tm_hour);
    CHECK(PartOfTime(DeriveFunction::kWeekday, seconds) == (parts.tm_wday + 6) % 7);
    CHECK(PartOfTime(DeriveFunction::kYearday, seconds) == parts.tm_yday + 1);
    CHECK(PartOfTime(DeriveFunction::kMonth, seconds) == parts.tm_mon + 1);
    std::string year = std::to_string(parts.tm_year + 1900);  // %Y does not pad it everywhere.
    year.insert(0, 4 - year.size(), '0');
    char rest[32];
    REQUIRE(std::strftime(rest, sizeof rest, "-%m-%dT%H:%M:%S", &parts) > 0);
    CHECK(ParseTime(year + rest) == seconds);
  }
}

TEST_CASE("FloorDiv rounds down", "[derive]") {
  CHECK(FloorDiv(int64_t{7}, 3) == 2);
  CHECK(FloorDiv(int64_t{-7}, 3) == -3);
  CHECK(FloorDiv(int64_t{-6}, 3) == -2);
  CHECK(FloorDiv(7.5, 3) == 2);
  CHECK(FloorDiv(-0.5, 3) == -1);
  CHECK_FALSE(FloorDiv(1e300, 3).has_value());
  CHECK_FALSE(FloorDiv(-1e300, 3).has_value());
}

TEST_CASE("LogBin is floor(n ln(x + 1)), mirrored below 0", "[derive]") {
  CHECK(LogBin(0, 4) == 0);
  CHECK(LogBin(-0.0, 4) == 0);
  for (int i = 1; i < 3000; ++i) {
    CHECK(LogBin(i, 4) == static_cast<int64_t>(std::floor(4 * std::log(i + 1.0))));
    CHECK(LogBin(-i, 4) == -1 - LogBin(i, 4));
  }
  CHECK(LogBin(std::numeric_limits<double>::max(), 1000) == 709'782);
}

TEST_CASE("CriteoBin keeps small counts and joins large ones", "[derive]") {
  CHECK(CriteoBin(-3) == -3);
  CHECK(CriteoBin(0) == 0);
  CHECK(CriteoBin(2) == 2);
  CHECK(CriteoBin(3) == 3);     // ln(3)^2 = 1.2
  CHECK(CriteoBin(100) == 23);  // 21.2
  CHECK(CriteoBin(65'535) == 2 + 122);
}

}  // namespace
}  // namespace cairn
