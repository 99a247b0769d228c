#include "sharding/merge.h"

#include <algorithm>

#include "base/check.h"

namespace cairn {

void MergeRow(const TableSpec& spec, const float* from, float* into) {
  for (const PartSpec& part : spec.parts) {
    if (part.optimizer.name == "assign") {
      std::copy_n(from, part.width, into);
    } else {
      for (uint32_t i = 0; i < part.width; ++i) into[i] += from[i];
    }
    from += part.width;
    into += part.width;
  }
}

std::vector<float> CoalesceRows(const TableSpec& spec, const KeyCut& cut,
                                std::span<const float> rows) {
  const size_t width = cut.width;
  CAIRN_CHECK(rows.size() == cut.inverse.size() * width, "one row for each key");
  std::vector<uint32_t> first(cut.unique());  // Where each comes first.
  for (size_t i = cut.inverse.size(); i-- > 0;) first[cut.inverse[i]] = static_cast<uint32_t>(i);
  std::vector<float> values;
  values.reserve(cut.unique() * width);
  for (const uint32_t i : first) {
    const float* const row = rows.data() + i * width;
    values.insert(values.end(), row, row + width);
  }
  if (cut.unique() == cut.inverse.size()) return values;
  for (size_t i = 0; i < cut.inverse.size(); ++i) {
    const uint32_t at = cut.inverse[i];
    if (first[at] != i) MergeRow(spec, rows.data() + i * width, values.data() + at * width);
  }
  return values;
}

void ScatterRows(const KeyCut& cut, std::span<const float> values, std::span<float> rows) {
  const size_t width = cut.width;
  CAIRN_CHECK(values.size() == cut.unique() * width);
  CAIRN_CHECK(rows.size() == cut.inverse.size() * width);
  for (size_t i = 0; i < cut.inverse.size(); ++i) {
    std::copy_n(values.data() + cut.inverse[i] * width, width, rows.data() + i * width);
  }
}

}  // namespace cairn
