#include "train/idx_rows.h"

#include <limits>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr float kPixelMax = 255;

void NoteBadRow(size_t offset, int label, ParseResult* result) {
  ++result->bad_rows;
  if (result->first_bad_row) return;
  result->first_bad_row =
      BadRow{offset, 0, Concat("label of two classes must be 0 or 1, not ", label)};
}

}  // namespace

ParseResult ParseIdxRows(LabelKind labels, uint64_t row_bytes, std::string_view text,
                         RowBatch* batch) {
  CAIRN_CHECK(row_bytes > 0 && text.size() % row_bytes == 0);
  CAIRN_CHECK(batch->features() + text.size() <= std::numeric_limits<uint32_t>::max());
  CAIRN_CHECK(batch->values.size() == batch->keys.size());
  ParseResult result;
  for (size_t begin = 0; begin < text.size(); begin += row_bytes) {
    const auto label = static_cast<uint8_t>(text[begin]);
    if (labels == LabelKind::kBinary && label > 1) {
      NoteBadRow(begin, label, &result);
      continue;
    }
    for (uint64_t i = 1; i < row_bytes; ++i) {
      const auto pixel = static_cast<uint8_t>(text[begin + i]);
      if (pixel == 0) continue;
      batch->keys.push_back(i - 1);
      batch->values.push_back(static_cast<float>(pixel) / kPixelMax);
    }
    batch->labels.push_back(label);
    batch->offsets.push_back(static_cast<uint32_t>(batch->keys.size()));
  }
  batch->bad_rows += result.bad_rows;
  return result;
}

}  // namespace cairn
