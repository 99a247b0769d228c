// How several contributions to one row become one: the same rule for a key that comes twice in a
// batch and for the streams of a bsp step.
#pragma once

#include <span>
#include <vector>

#include "cairn/table.h"
#include "sharding/key_cut.h"

namespace cairn {

// Merges one contribution into another, [spec.width()] each: sums add up; of an "assign" part the
// later one holds.
void MergeRow(const TableSpec& spec, const float* from, float* into);

// rows [cut.inverse.size() x width], in the order of the keys as given -> [cut.unique() x width]:
// repeated keys are merged in row order.
std::vector<float> CoalesceRows(const TableSpec& spec, const KeyCut& cut,
                                std::span<const float> rows);

// The way back: values [cut.unique() x width] -> rows [cut.inverse.size() x width].
void ScatterRows(const KeyCut& cut, std::span<const float> values, std::span<float> rows);

}  // namespace cairn
