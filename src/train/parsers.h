// Text to rows: the libsvm and the libffm format.
//
//   libsvm   label index:value index:value ...           # a comment
//   libffm   label field:index:value field:index:value ...
//
// A label may carry the row's weight, as in "1:0.5".
// Blanks are spaces and tabs, any number; lines end with \n, \r\n or the text; empty lines are no
// rows; a line with a label only is a row without features. An index is any 64-bit number, a field
// any 16-bit one, labels and values are finite decimal numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "train/bad_row.h"
#include "train/data_format.h"
#include "train/label_rule.h"
#include "train/row_batch.h"

namespace cairn {

struct LineFormat {
  DataFormat format = DataFormat::kLibffm;  // kLibsvm, kLibffm.
  LabelKind labels = LabelKind::kAny;
  const LabelRule* rule = nullptr;  // Of the label; null: it is the number as written.
  uint16_t field_max = 65'535;      // libffm: a row with a field above it is bad.
};

// Every feature takes at least so many bytes of text, so a text of n bytes adds at most
// n / kFeatureBytesMin + 1 features.
inline constexpr size_t kFeatureBytesMin = 4;

// Appends the rows of whole lines to the batch. A row that cannot be parsed is left out as a whole
// and counted. CHECKs that the format is one of text, and that the batch's features stay within 32
// bits.
ParseResult ParseLines(const LineFormat& options, std::string_view text, RowBatch* batch);

}  // namespace cairn
