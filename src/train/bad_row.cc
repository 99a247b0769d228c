#include "train/bad_row.h"

#include "base/status.h"
#include "base/units.h"

namespace cairn {

absl::Status CheckBadRowShare(const BadRowShare& share) {
  const auto all = static_cast<double>(share.rows + share.bad_rows);
  if (static_cast<double>(share.bad_rows) <= share.share_max * all) return absl::OkStatus();
  return InvalidArgument(CountOfBadRows(share.bad_rows, share.rows + share.bad_rows),
                         " cannot be parsed: more than the share of ", share.share_max,
                         " that is allowed");
}

std::string CountOfBadRows(uint64_t bad_rows, uint64_t rows) {
  return Concat(HumanCount(bad_rows), " of ", HumanCount(rows), rows == 1 ? " row" : " rows");
}

std::string QuoteText(std::string_view text) {
  constexpr size_t kBytesMax = 40;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kBytesMax)) quoted += c >= ' ' && c <= '~' ? c : '?';
  return quoted + (text.size() > kBytesMax ? "...\"" : "\"");
}

std::string_view TrimBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace cairn
