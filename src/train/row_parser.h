// Text to rows, whatever the format: parsing by lines or by columns, crosses, hashing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "train/bad_row.h"
#include "train/chunks.h"
#include "train/column_parser.h"
#include "train/data_format.h"
#include "train/label_rule.h"
#include "train/parsers.h"
#include "train/read_spec.h"
#include "train/row_batch.h"

namespace cairn {

// Not thread-safe: keeps scratch memory. Each thread has its own.
class RowParser {
 public:
  // Errors as CheckReadSpec; a column may be missing that `labels` asks for.
  static absl::StatusOr<RowParser> Create(DataFormat format, const ReadSpec& spec,
                                          LabelKind labels);

  // Appends the rows to the batch. A row that cannot be parsed is left out as a whole and counted.
  ParseResult Parse(const Lines& lines, RowBatch* batch);

  // Takes off what is before the first row of a file, of which `lines` is the beginning.
  void SkipStart(Lines* lines) const;

 private:
  struct FieldCross {
    std::vector<uint16_t> parts;
    uint16_t field = 0;
    uint64_t hash = 0;
  };

  RowParser(DataFormat format, const ReadSpec& spec, LabelKind labels);
  LineFormat TextOptions() const;
  ParseResult ParseAndCross(std::string_view text, RowBatch* batch);
  bool CrossLine(RowBatch* batch);
  bool AddCross(const FieldCross& cross, size_t part, Key key, float value, RowBatch* batch);

  const DataFormat format_;
  const LabelKind labels_;
  const LabelRule rule_;
  const uint32_t hash_bits_;
  const uint16_t field_max_;             // libffm.
  const std::vector<Key> field_starts_;  // libsvm; empty: nobody asks for fields.
  const bool header_;
  std::vector<FieldCross> crosses_;        // libffm.
  std::unique_ptr<ColumnParser> columns_;  // csv, criteo.
  RowBatch line_;
};

// The line without the mark of UTF-8 that some programs put before a file's text.
std::string_view WithoutByteOrderMark(std::string_view text);

}  // namespace cairn
