// Parsed rows in few bytes, made to be decoded fast: what the row cache keeps (doc/row_cache.md).
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "train/row_batch.h"

namespace cairn {

// Appends the rows from `first_row` on to `bytes`, all that RowBatch has of them but bad_rows.
void EncodeRows(const RowBatch& rows, size_t first_row, std::string* bytes);

// Appends what EncodeRows wrote to `rows`, in which it then stands as if it had been parsed there.
// kDataLoss: that is not what the bytes are; kResourceExhausted: the batch would have more than
// 2^32 - 1 features. Both leave `rows` as it was.
absl::Status DecodeRows(std::string_view bytes, RowBatch* rows);

}  // namespace cairn
