#include "base/json.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes of the UTF-8 sequence at the start of `text`; 0 if there is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
size_t SequenceBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  size_t bytes = 0;
  unsigned char low = 0x80;  // Bounds of the second byte.
  unsigned char high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    bytes = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    bytes = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    bytes = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (bytes == 0 || text.size() < bytes || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return bytes;
}

std::string Quote(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "\"";
  while (!value.empty()) {
    const char c = value[0];
    const size_t bytes = SequenceBytes(value);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
    } else {
      quoted += bytes == 0 ? kReplacement : value.substr(0, bytes);
    }
    value.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return quoted + '"';
}

}  // namespace

void JsonWriter::Begin(char bracket) {
  BeforeValue();
  text_ += bracket;
  levels_.push_back({bracket == '{' ? '}' : ']'});
}

void JsonWriter::End(char bracket) {
  CAIRN_CHECK(!levels_.empty() && levels_.back().end == bracket && !has_key_);
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (!empty) NewLine();
  text_ += bracket;
}

void JsonWriter::Key(std::string_view key) {
  CAIRN_CHECK(!levels_.empty() && levels_.back().end == '}' && !has_key_);
  if (!std::exchange(levels_.back().empty, false)) text_ += ',';
  NewLine();
  text_ += Quote(key) + (layout_ == Layout::kIndented ? ": " : ":");
  has_key_ = true;
}

void JsonWriter::String(std::string_view value) {
  BeforeValue();
  text_ += Quote(value);
}

void JsonWriter::Integer(uint64_t value) {
  BeforeValue();
  text_ += std::to_string(value);
}

void JsonWriter::Real(double value) {
  BeforeValue();
  if (!std::isfinite(value)) {
    text_ += "null";
    return;
  }
  char buffer[32];  // The longest is "-1.2345678901234567e-308".
  text_.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

std::string JsonWriter::Finish() {
  CAIRN_CHECK(levels_.empty() && !text_.empty());
  return std::exchange(text_, "") + "\n";
}

void JsonWriter::BeforeValue() {
  if (levels_.empty()) {
    CAIRN_CHECK(text_.empty(), "a second document");
  } else if (levels_.back().end == '}') {
    CAIRN_CHECK(std::exchange(has_key_, false), "a value without a key");
  } else {
    if (!std::exchange(levels_.back().empty, false)) text_ += ',';
    NewLine();
  }
}

void JsonWriter::NewLine() {
  if (layout_ == Layout::kIndented) text_ += "\n" + std::string(2 * levels_.size(), ' ');
}

void Field(JsonWriter* json, std::string_view key, std::string_view value) {
  json->Key(key);
  json->String(value);
}

void Field(JsonWriter* json, std::string_view key, uint64_t value) {
  json->Key(key);
  json->Integer(value);
}

void Field(JsonWriter* json, std::string_view key, double value) {
  json->Key(key);
  json->Real(value);
}

}  // namespace cairn
