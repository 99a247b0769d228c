#include "train/derive.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "base/check.h"
#include "kernels/portable_math.h"

namespace cairn {
namespace {

constexpr int64_t kDaySeconds = 86'400;
// 0001-01-01T00:00:00 and 9999-12-31T23:59:59.
constexpr int64_t kSecondsMin = -62'135'596'800;
constexpr int64_t kSecondsMax = 253'402'300'799;

constexpr std::array<std::string_view, 7> kNames = {"hour",  "weekday", "yearday", "day",
                                                    "month", "div",     "log"};

struct Date {
  int64_t year = 1970;
  int64_t month = 1;  // 1 .. 12
  int64_t day = 1;    // 1 .. 31
};

bool IsLeapYear(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int64_t DaysInMonth(int64_t year, int64_t month) {
  constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Days of the proleptic Gregorian calendar since 1970-01-01. Years begin in March here, so that
// leap days come last and the lengths of months repeat: 31, 30, 31, 30, 31 are 153 days.
int64_t DaysOf(const Date& date) {
  const int64_t year = date.month > 2 ? date.year : date.year - 1;
  const int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t leap_days = FloorDiv(year, 4) - FloorDiv(year, 100) + FloorDiv(year, 400);
  constexpr int64_t kDaysTo1970 = 719'468;  // From March 1 of year 0.
  return 365 * year + leap_days + (153 * month + 2) / 5 + date.day - 1 - kDaysTo1970;
}

Date DateOf(int64_t days) {
  // The year by its mean length; that may be one too late on its last or too early on its first
  // days.
  Date date;
  date.year = 1970 + FloorDiv(days * 400, 146'097);
  while (DaysOf({date.year, 1, 1}) > days) --date.year;
  while (DaysOf({date.year + 1, 1, 1}) <= days) ++date.year;
  int64_t rest = days - DaysOf({date.year, 1, 1});
  for (; rest >= DaysInMonth(date.year, date.month); ++date.month) {
    rest -= DaysInMonth(date.year, date.month);
  }
  date.day = rest + 1;
  return date;
}

// Takes exactly `digits` digits off the text's front.
bool TakeDigits(std::string_view* text, size_t digits, int64_t* value) {
  if (text->size() < digits) return false;
  *value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return false;
    *value = 10 * *value + (c - '0');
  }
  text->remove_prefix(digits);
  return true;
}

bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

// ":SS" and decimals of a second, which are dropped; both may be missing.
bool TakeSeconds(std::string_view* text, int64_t* seconds) {
  *seconds = 0;
  if (!TakeChar(text, ':')) return true;
  if (!TakeDigits(text, 2, seconds) || *seconds > 59) return false;
  if (!TakeChar(text, '.')) return true;
  int64_t digit = 0;
  if (!TakeDigits(text, 1, &digit)) return false;
  while (TakeDigits(text, 1, &digit)) {
  }
  return true;
}

std::optional<int64_t> ParseCalendarTime(std::string_view text) {
  Date date;
  if (!TakeDigits(&text, 4, &date.year) || !TakeChar(&text, '-') ||
      !TakeDigits(&text, 2, &date.month) || !TakeChar(&text, '-') ||
      !TakeDigits(&text, 2, &date.day)) {
    return std::nullopt;
  }
  if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1 ||
      date.day > DaysInMonth(date.year, date.month)) {
    return std::nullopt;
  }
  const int64_t midnight = DaysOf(date) * kDaySeconds;
  if (text.empty()) return midnight;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  if (!TakeChar(&text, 'T') && !TakeChar(&text, ' ')) return std::nullopt;
  if (!TakeDigits(&text, 2, &hour) || hour > 23 || !TakeChar(&text, ':') ||
      !TakeDigits(&text, 2, &minute) || minute > 59 || !TakeSeconds(&text, &second)) {
    return std::nullopt;
  }
  TakeChar(&text, 'Z');
  if (!text.empty()) return std::nullopt;
  return midnight + hour * 3600 + minute * 60 + second;
}

}  // namespace

std::optional<DeriveFunction> FindDeriveFunction(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<DeriveFunction>(i);
  }
  return std::nullopt;
}

std::string_view DeriveFunctionName(DeriveFunction function) {
  return kNames[static_cast<size_t>(function)];
}

std::optional<int64_t> TimeOfSeconds(int64_t seconds) {
  if (seconds < kSecondsMin || seconds > kSecondsMax) return std::nullopt;
  return seconds;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  if (text.size() > 4 && text[4] == '-') return ParseCalendarTime(text);
  int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc()) return std::nullopt;
  if (at != end) {
    double decimals = 0;
    const auto whole = std::from_chars(text.data(), end, decimals, std::chars_format::fixed);
    if (whole.ec != std::errc() || whole.ptr != end || !std::isfinite(decimals)) {
      return std::nullopt;
    }
    if (decimals < static_cast<double>(seconds)) --seconds;  // -0.5 is in the second before 0.
  }
  return TimeOfSeconds(seconds);
}

int64_t PartOfTime(DeriveFunction function, int64_t seconds) {
  CAIRN_DCHECK(IsOfTime(function));
  const int64_t days = FloorDiv(seconds, kDaySeconds);
  switch (function) {
    case DeriveFunction::kHour:
      return (seconds - days * kDaySeconds) / 3600;
    case DeriveFunction::kWeekday:
      return FloorDiv(days + 3, int64_t{7}) * -7 + days + 3;  // 1970-01-01 was a Thursday.
    case DeriveFunction::kDay:
      return days;
    case DeriveFunction::kMonth:
      return DateOf(days).month;
    default:
      return days - DaysOf({DateOf(days).year, 1, 1}) + 1;
  }
}

std::optional<int64_t> FloorDiv(double x, int64_t n) {
  const double quotient = std::floor(x / static_cast<double>(n));
  if (!(std::fabs(quotient) < 0x1.0p63)) return std::nullopt;
  return static_cast<int64_t>(quotient);
}

int64_t LogBin(double x, int64_t n) {
  if (x < 0) return -1 - LogBin(-x, n);
  return static_cast<int64_t>(static_cast<double>(n) * PortableLog(x + 1));
}

int64_t CriteoBin(int64_t x) {
  if (x <= 2) return x;
  const double log = PortableLog(static_cast<double>(x));
  return 2 + static_cast<int64_t>(log * log);
}

}  // namespace cairn
