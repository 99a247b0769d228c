// Functions that make a new column of another one: parts of a time, quotients, logarithmic bins.
// Pure and thread-safe; the same numbers on every machine. doc/data.md is their reference.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn {

enum class DeriveFunction : uint8_t {
  kHour,     // 0 .. 23, as the next four of a time.
  kWeekday,  // 0 Monday .. 6 Sunday
  kYearday,  // 1 .. 366
  kDay,      // Days since 1970-01-01.
  kMonth,    // 1 .. 12
  kDiv,      // floor(x / n)
  kLog,      // floor(n ln(x + 1)); below 0 the mirror image, see LogBin.
};

constexpr bool IsOfTime(DeriveFunction function) { return function < DeriveFunction::kDiv; }
constexpr bool HasParameter(DeriveFunction function) { return !IsOfTime(function); }

// "hour", "weekday", ...; none: no such function.
std::optional<DeriveFunction> FindDeriveFunction(std::string_view name);
std::string_view DeriveFunctionName(DeriveFunction function);

// Seconds since 1970-01-01T00:00, UTC, of years 1 to 9999. "2001-01-31T23:59", with ":59" or
// ":59.999" for seconds, a blank for the T, a Z at the end, or the date only; or the seconds
// themselves, "978307200", with decimals or without. None: it is no such time.
std::optional<int64_t> ParseTime(std::string_view text);
std::optional<int64_t> TimeOfSeconds(int64_t seconds);  // None: out of those years.

// CHECKs IsOfTime. `seconds` as ParseTime gives them.
int64_t PartOfTime(DeriveFunction function, int64_t seconds);

// floor(x / n); none: not in 64 bits. n >= 1.
std::optional<int64_t> FloorDiv(double x, int64_t n);
constexpr int64_t FloorDiv(int64_t x, int64_t n) { return x / n - (x % n < 0 ? 1 : 0); }

// floor(n ln(x + 1)) for x >= 0, and -1 - LogBin(-x, n) below, so that no sign shares a bin with
// the other. `x` is finite.
int64_t LogBin(double x, int64_t n);

// The bin of a Criteo count: x itself up to 2, 2 + floor(ln(x)^2) above.
int64_t CriteoBin(int64_t x);

}  // namespace cairn
