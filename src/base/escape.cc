#include "base/escape.h"

#include <cstdint>

#include "base/status.h"

namespace cairn {
namespace {

std::string EscapeFrom(std::string_view bytes, char first_plain) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    if (c >= first_plain && c <= '~' && c != '\\') {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[static_cast<uint8_t>(c) >> 4];
      out += kDigits[static_cast<uint8_t>(c) & 15];
    }
  }
  return out;
}

}  // namespace

std::string Escape(std::string_view bytes) { return EscapeFrom(bytes, ' '); }

std::string EscapeWord(std::string_view bytes) { return EscapeFrom(bytes, '!'); }

std::string ShellWord(std::string_view word) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_,.:/=+-";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

absl::StatusOr<std::string> Unescape(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    if (i + 3 >= text.size() || text[i + 1] != 'x') return InvalidArgument("a broken escape");
    const int high = HexDigit(text[i + 2]);
    const int low = HexDigit(text[i + 3]);
    if (high < 0 || low < 0) return InvalidArgument("a broken escape");
    bytes += static_cast<char>(high * 16 + low);
    i += 3;
  }
  return bytes;
}

}  // namespace cairn
