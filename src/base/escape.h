// Any bytes as printable text on one line, and back. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// Printable ASCII stays as it is; a backslash and everything else is written \xHH.
std::string Escape(std::string_view bytes);
// The same for one word among others: blanks are escaped too.
std::string EscapeWord(std::string_view bytes);

// One word of a shell's command line, in quotes if it needs them.
std::string ShellWord(std::string_view word);

// kInvalidArgument: a backslash that begins no \xHH.
absl::StatusOr<std::string> Unescape(std::string_view text);

// The value of a hexadecimal digit, small letters only; -1 for anything else.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace cairn
