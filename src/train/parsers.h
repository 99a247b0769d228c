// Text to rows: the libsvm and the libffm format.
//
//   libsvm   label index:value index:value ...           # a comment
//   libffm   label field:index:value field:index:value ...
//
// Blanks are spaces and tabs, any number; lines end with \n, \r\n or the text; empty lines are no
// rows; a line with a label only is a row without features. An index is any 64-bit number, a field
// any 16-bit one, labels and values are finite decimal numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/chunks.h"
#include "train/row_batch.h"

namespace cairn {

enum class LabelKind : uint8_t {
  kAny,     // As written.
  kBinary,  // 0 and 1, or -1 and +1, which become 0 and 1; any other makes a bad row.
};

struct ParseOptions {
  DataFormat format = DataFormat::kLibffm;
  LabelKind labels = LabelKind::kAny;
};

struct BadRow {
  size_t offset = 0;  // In the text, of what is wrong.
  size_t column = 0;  // The same in its line, from 1, in bytes.
  std::string what;   // Quotes the text, shortened.
};

struct ParseResult {
  uint64_t bad_rows = 0;
  std::optional<BadRow> first_bad_row;
};

// Every feature takes at least so many bytes of text, so a text of n bytes adds at most
// n / kFeatureBytesMin + 1 features.
inline constexpr size_t kFeatureBytesMin = 4;

// Appends the rows of whole lines to the batch. A row that cannot be parsed is left out as a whole
// and counted. CHECKs that the format is one of text, and that the batch's features stay within 32
// bits.
ParseResult ParseLines(const ParseOptions& options, std::string_view text, RowBatch* batch);

// What the first row with features looks like. kInvalidArgument: like neither format, or there is
// no such row.
absl::StatusOr<DataFormat> DetectFormat(std::string_view text);

// For data that may have some bad rows: kInvalidArgument if more than `share_max` of the
// `rows` + `bad_rows` that were read are bad.
struct BadRowShare {
  uint64_t rows = 0;
  uint64_t bad_rows = 0;
  double share_max = 0;
};
absl::Status CheckBadRowShare(const BadRowShare& share);

}  // namespace cairn
