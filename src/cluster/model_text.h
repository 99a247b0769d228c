// The lines of a model as text; doc/model_text.md is the specification. Pure: no file is touched.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/table.h"
#include "server/digest.h"

namespace cairn {

// What stands before the rows: all that a manifest and its snapshots say of the model as a whole.
struct ModelTextHeader {
  std::string job;
  std::string program;
  uint64_t seed = 0;
  uint64_t checkpoint = 0;
  uint32_t partitions = 1;
  std::optional<ModelDigest> digest;  // Not there if somebody has changed the text on purpose.
  std::vector<TableSpec> tables;
  std::vector<std::vector<uint32_t>> state_floats;  // By table and part.

  // Words of a row: counts, weights, state.
  uint32_t RowWords(size_t table) const;
};

// Up to and with the line "rows".
std::string FormatModelTextHeader(const ModelTextHeader& header);
// One line, with its line break. `row` as a TableSchema lays it out.
void AppendModelTextRow(std::string_view table, uint64_t key, std::span<const float> row,
                        std::string* text);
std::string FormatModelTextEnd(uint64_t rows);

// The shortest text that reads back as the same bits: finite floats as decimal numbers, others as
// 0x and eight hexadecimal digits.
void AppendFloatBits(float value, std::string* text);
// kInvalidArgument quotes the text.
absl::StatusOr<float> ParseFloatBits(std::string_view text);

// Reads the lines of a text one by one, in order. Not thread-safe. Errors are kDataLoss and begin
// with "COLUMN: ", columns from 1: the caller knows file and line. After an error, no more lines.
class ModelTextParser {
 public:
  struct Row {
    uint32_t table = 0;
    uint64_t key = 0;
    std::vector<float> words;  // As a TableSchema lays them out.
  };
  enum class Line : uint8_t {
    kHeader,     // One of the header's lines.
    kHeaderEnd,  // The last of them: header() is whole, and has passed CheckTable.
    kRow,        // Its table and key are filled in.
    kEnd,        // The last line of all; its count of rows is right.
  };

  // `line` without its line break. Of a row, only table and key are read: for those that are
  // wanted whole, ParseValues comes next.
  absl::StatusOr<Line> Parse(std::string_view line, Row* row);
  // The rest of the line that Parse just said to be a row.
  absl::Status ParseValues(std::string_view line, Row* row) const;

  const ModelTextHeader& header() const { return header_; }
  bool at_end() const { return expect_ == Expect::kNothing; }

 private:
  enum class Expect : uint8_t { kTitle, kHeader, kRows, kNothing };
  class Words;

  absl::Status ParseHeaderLine(Words* words);
  absl::Status ParseTable(Words* words);
  absl::Status ParseRetention(Words* words);
  absl::Status ParsePart(Words* words);
  absl::Status CheckHeader() const;
  absl::StatusOr<Line> ParseRowLine(std::string_view line, Row* row);
  absl::Status ParseKey(Words* words, Row* row) const;

  ModelTextHeader header_;
  Expect expect_ = Expect::kTitle;
  uint64_t rows_ = 0;
};

}  // namespace cairn
