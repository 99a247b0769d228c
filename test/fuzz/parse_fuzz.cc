#include "fuzz/parse_fuzz.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "train/parsers.h"

namespace cairn {
namespace {

void CheckRows(const RowBatch& rows, DataFormat format) {
  const size_t features = rows.features();
  CAIRN_CHECK(rows.offsets.size() == rows.rows() + 1);
  CAIRN_CHECK(rows.offsets.front() == 0 && rows.offsets.back() == features);
  CAIRN_CHECK(std::is_sorted(rows.offsets.begin(), rows.offsets.end()));
  CAIRN_CHECK(rows.values.empty() || rows.values.size() == features);
  CAIRN_CHECK(rows.fields.size() == (format == DataFormat::kLibffm ? features : 0));
  const auto finite = [](float value) { return std::isfinite(value); };
  CAIRN_CHECK(std::all_of(rows.labels.begin(), rows.labels.end(), finite));
  CAIRN_CHECK(std::all_of(rows.values.begin(), rows.values.end(), finite));
}

// Values that are all 1 may be stored or not.
void StoreValues(RowBatch* rows) {
  if (rows->values.empty()) rows->values.assign(rows->features(), 1);
}

void ParseBothWays(const LineFormat& options, std::string_view text) {
  RowBatch together;
  const ParseResult result = ParseLines(options, text, &together);
  CheckRows(together, options.format);
  CAIRN_CHECK(result.bad_rows == together.bad_rows);
  CAIRN_CHECK((result.bad_rows > 0) == result.first_bad_row.has_value());
  CAIRN_CHECK(!result.first_bad_row || result.first_bad_row->offset <= text.size());

  RowBatch one_by_one;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    // A copy of its own, so that the address sanitizer sees where the line ends.
    const std::vector<char> line(text.begin() + static_cast<ptrdiff_t>(begin),
                                 text.begin() + static_cast<ptrdiff_t>(end));
    ParseLines(options, {line.data(), line.size()}, &one_by_one);
    begin = end;
  }
  CheckRows(one_by_one, options.format);
  StoreValues(&together);
  StoreValues(&one_by_one);
  CAIRN_CHECK(together == one_by_one);
}

}  // namespace

int ParseLinesFuzz(const uint8_t* data, size_t bytes) {
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  for (const DataFormat format : {DataFormat::kLibsvm, DataFormat::kLibffm}) {
    ParseBothWays({format, LabelKind::kAny}, text);
    ParseBothWays({format, LabelKind::kBinary}, text);
  }
  static_cast<void>(DetectFormat(text));
  return 0;
}

}  // namespace cairn
