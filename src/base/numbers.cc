#include "base/numbers.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kQuotedBytesMax = 40;

template <typename T>
std::from_chars_result ParseAll(std::string_view text, T* value) {
  const char* const end = text.data() + text.size();
  std::from_chars_result result = std::from_chars(text.data(), end, *value);
  if (result.ec != std::errc::invalid_argument && result.ptr != end) {
    result.ec = std::errc::invalid_argument;
  }
  return result;
}

// std::from_chars takes "-1" but not "+1".
std::string_view WithoutPlus(std::string_view text) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-' && text[1] != '+';
  return plus ? text.substr(1) : text;
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, kQuotedBytesMax)) {
    quoted += c >= ' ' && c <= '~' ? c : '?';
  }
  quoted += text.size() > kQuotedBytesMax ? "...\"" : "\"";
  return quoted;
}

absl::StatusOr<uint64_t> ParseU64(std::string_view text) {
  uint64_t value = 0;
  const std::errc error = ParseAll(text, &value).ec;
  if (error == std::errc()) return value;
  if (error == std::errc::result_out_of_range) {
    return InvalidArgument(Quoted(text), " is too large: the most is 18446744073709551615");
  }
  return InvalidArgument(Quoted(text), " is not a whole number of 0 or more");
}

absl::StatusOr<double> ParseDouble(std::string_view text) {
  double value = 0;
  const std::errc error = ParseAll(WithoutPlus(text), &value).ec;
  if (error == std::errc::result_out_of_range) {
    return InvalidArgument(Quoted(text), " is beyond the range of a 64-bit number");
  }
  if (error != std::errc() || !std::isfinite(value)) {
    return InvalidArgument(Quoted(text), " is not a finite number");
  }
  return value;
}

absl::StatusOr<float> ParseFloat(std::string_view text) {
  float value = 0;
  const std::errc error = ParseAll(WithoutPlus(text), &value).ec;
  if (error == std::errc() && std::isfinite(value)) return value;
  // Too large, too small, or no number: a double tells them apart.
  CAIRN_ASSIGN_OR_RETURN(const double wide, ParseDouble(text));
  if (std::fabs(wide) >= 1) {
    return InvalidArgument(Quoted(text), " is beyond the range of a 32-bit number");
  }
  return static_cast<float>(wide);
}

std::string FormatFloat9(double value) {
  if (std::isnan(value)) return "nan";
  char buffer[32];  // The longest is "-1.23456789e-308".
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::general, 9);
  return std::string(buffer, result.ptr);
}

}  // namespace cairn
