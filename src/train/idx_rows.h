// Rows of images (train/idx_content.h) to rows of features.
#pragma once

#include <cstdint>
#include <string_view>

#include "train/parsers.h"
#include "train/row_batch.h"

namespace cairn {

// Appends rows of `row_bytes` each. Pixel i, from 0, is feature i with the value pixel / 255; those
// that are 0 are left out. The label is the number of the class, as `labels` takes it; one that it
// refuses makes a bad row, whose offset is that of the row and whose column is 0.
// CHECKs that the text is whole rows, and that the batch's features stay within 32 bits.
ParseResult ParseIdxRows(const LabelReader& labels, uint64_t row_bytes, std::string_view text,
                         RowBatch* batch);

}  // namespace cairn
