// Rows of training data in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cairn/types.h"

namespace cairn {

// Sparse rows one after the other. Row r has the label labels[r] and the features
// [offsets[r], offsets[r + 1]) of `keys`, `values` and `fields`, as the text has them: unsorted,
// and a key may come twice. Clear keeps the memory, so that batches in a loop allocate nothing.
struct RowBatch {
  std::vector<float> labels;            // [rows]
  std::vector<float> weights;           // [rows], or empty: all are 1.
  std::vector<uint32_t> offsets = {0};  // [rows + 1]
  std::vector<Key> keys;                // [features]
  std::vector<float> values;            // [features], or empty: all are 1.
  std::vector<uint16_t> fields;         // [features], or empty: the format has none (libsvm).
  uint64_t bad_rows = 0;                // Left out, because they could not be parsed.

  size_t rows() const { return labels.size(); }
  size_t features() const { return keys.size(); }

  float weight(size_t row) const { return weights.empty() ? 1 : weights[row]; }

  // The sum of the weights less the number of rows: 0 where no row has a weight of its own.
  double ExtraWeight() const {
    double extra = 0;
    for (const float weight : weights) extra += static_cast<double>(weight) - 1;
    return extra;
  }

  // The next feature of the row that AddRow will close. `fields` is the caller's.
  void AddFeature(Key key, float value) {
    if (value != 1 && values.empty()) values.assign(keys.size(), 1.0f);
    keys.push_back(key);
    if (value != 1 || !values.empty()) values.push_back(value);
  }
  void AddRow(float label, float weight) {
    if (weight != 1 && weights.empty()) weights.assign(labels.size(), 1.0f);
    labels.push_back(label);
    if (weight != 1 || !weights.empty()) weights.push_back(weight);
    offsets.push_back(static_cast<uint32_t>(keys.size()));
  }

  // Room for so many without further allocations; weights and values not all 1 come on top.
  void Reserve(size_t rows, size_t features) {
    labels.reserve(rows);
    offsets.reserve(rows + 1);
    keys.reserve(features);
    fields.reserve(features);
  }

  void Clear() {
    labels.clear();
    weights.clear();
    offsets.assign(1, 0);
    keys.clear();
    values.clear();
    fields.clear();
    bad_rows = 0;
  }

  bool operator==(const RowBatch&) const = default;
};

}  // namespace cairn
