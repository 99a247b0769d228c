// What parsers say of a row that they cannot read, and the words for it. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cairn {

struct BadRow {
  size_t offset = 0;  // In the text, of what is wrong.
  size_t column = 0;  // The same in its line, from 1, in bytes.
  std::string what;   // Quotes the text, shortened.
};

struct ParseResult {
  uint64_t bad_rows = 0;
  std::optional<BadRow> first_bad_row;
};

// For data that may have some bad rows: kInvalidArgument if more than `share_max` of the
// `rows` + `bad_rows` that were read are bad.
struct BadRowShare {
  uint64_t rows = 0;
  uint64_t bad_rows = 0;
  double share_max = 0;
};
absl::Status CheckBadRowShare(const BadRowShare& share);

// "1 of 2,000 rows"; `rows` counts bad ones too.
std::string CountOfBadRows(uint64_t bad_rows, uint64_t rows);

// In quotes, without what would disturb a terminal, and at most 40 bytes of it.
std::string QuoteText(std::string_view text);

// Without spaces, tabs and carriage returns at both ends.
std::string_view TrimBlanks(std::string_view text);

}  // namespace cairn
