#include "train/idx_rows.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr float kPixelMax = 255;

void NoteBadRow(size_t offset, std::string_view what, std::string_view label, ParseResult* result) {
  ++result->bad_rows;
  if (result->first_bad_row) return;
  result->first_bad_row = BadRow{offset, 0, Concat(what, QuoteText(label))};
}

}  // namespace

ParseResult ParseIdxRows(const LabelReader& labels, uint64_t row_bytes, std::string_view text,
                         RowBatch* batch) {
  CAIRN_CHECK(row_bytes > 0 && text.size() % row_bytes == 0);
  CAIRN_CHECK(batch->features() + text.size() <= std::numeric_limits<uint32_t>::max());
  CAIRN_CHECK(batch->values.size() == batch->keys.size());
  ParseResult result;
  for (size_t begin = 0; begin < text.size(); begin += row_bytes) {
    const int number = static_cast<uint8_t>(text[begin]);
    std::array<char, 4> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    const std::string_view token(digits.data(), static_cast<size_t>(end - digits.data()));
    float label = 0;
    if (const char* what = labels.Read(token, &label)) {
      NoteBadRow(begin, what, token, &result);
      continue;
    }
    for (uint64_t i = 1; i < row_bytes; ++i) {
      const auto pixel = static_cast<uint8_t>(text[begin + i]);
      if (pixel == 0) continue;
      batch->keys.push_back(i - 1);
      batch->values.push_back(static_cast<float>(pixel) / kPixelMax);
    }
    batch->AddRow(label, 1);
  }
  batch->bad_rows += result.bad_rows;
  return result;
}

}  // namespace cairn
