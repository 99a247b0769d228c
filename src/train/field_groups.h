// Fields for data that names none (libsvm): blocks of neighbouring indices of which a row has one.
// Pure and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/types.h"
#include "train/row_batch.h"

namespace cairn {

inline constexpr size_t kFoundFieldsMax = 1'024;

// The first index of each field, rising from 0: a field goes on to the start of the next one, the
// last one to the end. Of the rows' indices in rising order, a field begins at the first one that
// comes in a row together with one of the field before it. So the categories of a column, one-hot
// side by side, are a field, and so is each number of rows that have several.
//
// kInvalidArgument: there are no features; or the rows are not like that: there would be more than
// kFoundFieldsMax fields, or more than twice as many as the longest row has features.
absl::StatusOr<std::vector<Key>> FindFields(const RowBatch& rows);

// Of such starts, the field of an index.
uint16_t FieldOf(std::span<const Key> starts, Key index);

}  // namespace cairn
