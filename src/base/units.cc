#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>

namespace cairn {
namespace {

std::string OneDecimal(double value) {
  char buffer[32];
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, 1);
  return std::string(buffer, result.ptr);
}

// 30,000 years: beyond it, somebody divided by next to nothing.
constexpr double kSecondsMax = 1e12;

}  // namespace

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  static constexpr std::array<const char*, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // What would be rounded to 1024.0 is one of the next unit.
  for (; value >= 1023.95 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return OneDecimal(value) + " " + kUnits[unit];
}

std::string HumanCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t left = digits.size(); left > 3; left -= 3) digits.insert(left - 3, ",");
  return digits;
}

std::string HumanSeconds(double seconds) {
  if (!(std::fabs(seconds) < kSecondsMax)) return "unknown";
  if (seconds < 0) return "-" + HumanSeconds(-seconds);
  if (seconds == 0) return "0 s";
  if (seconds < 999.5e-6) return std::to_string(std::llround(seconds * 1e6)) + " us";
  if (seconds < 999.95e-3) return OneDecimal(seconds * 1e3) + " ms";
  if (seconds < 59.95) return OneDecimal(seconds) + " s";
  const long long whole = std::llround(seconds);
  if (whole < 3600) {
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }
  const long long minutes = std::llround(seconds / 60);
  return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace cairn
