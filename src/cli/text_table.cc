#include "cli/text_table.h"

#include <algorithm>

namespace cairn {

std::string FormatTable(const std::vector<TextRow>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const TextRow& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const TextRow& row : rows) {
    text += "  ";
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text += row.back() + "\n";
  }
  return text;
}

std::string FormatSettings(const std::vector<std::pair<std::string, std::string>>& settings) {
  if (settings.empty()) return "";
  std::vector<TextRow> rows;
  for (const auto& [name, value] : settings) {
    rows.push_back({name, value});
    std::replace(rows.back()[1].begin(), rows.back()[1].end(), '\n', ' ');
  }
  return FormatTable(rows);
}

}  // namespace cairn
