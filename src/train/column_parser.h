// Text of named columns to rows: csv, and Criteo's tab-separated rows. doc/data.md
//
// A line is a row, empty lines are none. Cells may be quoted ("a, b", with "" for a quote), but end
// on their line: chunks of lines are the unit of work. An empty cell gives no feature.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "train/bad_row.h"
#include "train/column_plan.h"
#include "train/label_rule.h"
#include "train/row_batch.h"

namespace cairn {

// The cells of one line (without its newline), kept from line to line so that nothing is allocated.
// Not thread-safe.
class CellSplitter {
 public:
  struct Cell {
    const char* begin = nullptr;  // In the line, its quote included: for messages.
    std::string_view text;  // Unescaped: in the line or in this splitter, until the next line.
  };

  CellSplitter(char delimiter, bool quotes) : delimiter_(delimiter), quotes_(quotes) {}

  // Null, or what is wrong at `bad_at`.
  const char* Split(std::string_view line, const char** bad_at);
  const std::vector<Cell>& cells() const { return cells_; }

 private:
  const char* SplitQuoted(const char* at, const char* end, const char** cell_end);

  const char delimiter_;
  const bool quotes_;
  std::vector<Cell> cells_;
  std::string unescaped_;
};

// Whether a cell says that there is no number: empty, NA, NULL, \N or nan, in any case.
bool IsMissingNumber(std::string_view text);

// Immutable but for its scratch memory; not thread-safe.
class ColumnParser {
 public:
  ColumnParser(ColumnPlan plan, const LabelRule& rule, LabelKind kind, uint32_t hash_bits);

  // Appends the rows of whole lines to the batch. A row that cannot be parsed is left out as a
  // whole and counted.
  ParseResult Parse(std::string_view text, RowBatch* batch);

  // More features than that in a row are refused: crosses of cells with many values explode.
  static constexpr uint64_t kRowFeaturesMax = 1'000'000;

 private:
  struct Number {
    bool present = false;
    int64_t value = 0;
  };

  // Each returns false after Fail.
  bool ParseRow(std::string_view line);
  bool ReadLabelAndWeight();
  std::string LabelAdvice() const;
  bool ReadDerived();
  bool ReadTime(const ColumnPlan::Derived& derived, size_t index);
  bool ReadNumber(const ColumnPlan::Derived& derived, size_t index, double* real, Number* number);
  bool ReadKeyed();
  bool ReadKeyed(const ColumnPlan::Keyed& keyed);
  bool ReadNumericCell(const ColumnPlan::Keyed& keyed);
  bool ReadCriteoBin(const ColumnPlan::Keyed& keyed);
  bool CheckFeatureCount();

  void AddKey(Key key, float value);
  void Emit();
  void EmitCross(const ColumnPlan::Cross& cross);
  void EmitFeature(Key key, float value, uint16_t field);
  uint64_t CombinationsOf(const ColumnPlan::Cross& cross) const;

  bool Fail(const char* at, std::string_view what, std::string_view token);
  bool FailCell(size_t cell, std::string_view what);
  std::string_view TextOf(size_t slot) const { return splitter_.cells()[slot].text; }
  bool IsDerived(size_t slot) const { return slot >= plan_.cells.size(); }
  size_t CellBehind(size_t slot) const;

  const ColumnPlan plan_;
  const LabelReader labels_;
  const LabelKind kind_;
  const uint32_t hash_bits_;
  CellSplitter splitter_;

  // Of the row at hand.
  float label_ = 0;
  float weight_ = 1;
  std::vector<Number> times_;    // [plan_.times]
  std::vector<bool> time_read_;  // [plan_.times]
  std::vector<Number> derived_;  // [plan_.derived]
  std::vector<Key> keys_;        // Of all keyed columns; before they are reduced to bits.
  std::vector<float> values_;
  std::vector<uint32_t> begins_;  // [plan_.keyed + 1], into keys_.

  // Of the text at hand.
  RowBatch* batch_ = nullptr;
  const char* bad_at_ = nullptr;
  std::string bad_what_;
  ParseResult result_;
};

// The cells of a header line: names, without blanks around them. A column without a name is called
// after its place, "column3". kInvalidArgument: it cannot be split.
absl::StatusOr<std::vector<std::string>> ParseHeader(std::string_view line, char delimiter);

}  // namespace cairn
