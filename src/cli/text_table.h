// Columns of text for a terminal. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cairn {

using TextRow = std::vector<std::string>;

// Columns as wide as they need to be, two blanks apart; each line begins with two blanks, and the
// last column is not padded. At least one row; the first one has as many cells as the others.
std::string FormatTable(const std::vector<TextRow>& rows);

// Names and values as such a table, each pair on one line: of a value with several lines they are
// joined by blanks. "" of none.
std::string FormatSettings(const std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace cairn
