// Text to numbers and back, whatever the locale. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// The whole text must be one number: no blanks, nothing after it. kInvalidArgument quotes the text
// (shortened) and says what was expected.
absl::StatusOr<uint64_t> ParseU64(std::string_view text);

// Decimal or scientific, finite, with an optional sign ("+1", "-.5", "1e-3"). What does not fit is
// an error, except that ParseFloat rounds a double too small for a float to the nearest float, 0
// included.
absl::StatusOr<double> ParseDouble(std::string_view text);
absl::StatusOr<float> ParseFloat(std::string_view text);

// At most nine significant digits, as printf's "%.9g" in the C locale: enough to read every float
// back exactly. "nan", "inf", "-inf".
std::string FormatFloat9(double value);

// For error messages: the text in quotes, shortened to less than a line, and printable whatever it
// holds.
std::string Quoted(std::string_view text);

}  // namespace cairn
