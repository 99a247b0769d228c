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
  std::vector<float> values(cut.unique() * width);
  std::vector<bool> seen(cut.unique());
  for (size_t i = 0; i < cut.inverse.size(); ++i) {
    const uint32_t at = cut.inverse[i];
    float* into = values.data() + at * width;
    if (seen[at]) {
      MergeRow(spec, rows.data() + i * width, into);
    } else {
      std::copy_n(rows.data() + i * width, width, into);
      seen[at] = true;
    }
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
