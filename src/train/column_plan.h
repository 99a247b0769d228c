// A ReadSpec with its names turned into positions: what the parser of columns works by, and the one
// place where a spec is checked against columns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/hash.h"
#include "train/data_format.h"
#include "train/derive.h"
#include "train/read_spec.h"

namespace cairn {

// Keys, fixed for all time: models are full of them (doc/data.md).
//   categorical  HashWords(HashString(column), HashString(value))
//   numeric      HashString(column)
//   cross        HashWords(HashString("a*b"), key of a, key of b), and on for more parts
//   B bits       the top B bits of Mix64(key)
// A derived value is categorical with its decimal digits as text.
struct ColumnPlan {
  static constexpr size_t kNone = ~size_t{0};

  // How a column becomes features.
  enum class Use : uint8_t { kCategory, kNumber, kMulti, kCriteoBin };

  // A column that is a feature, or part of a cross, or both. Slots are the cells of a row, and
  // behind them the derived columns.
  struct Keyed {
    size_t slot = 0;
    Use use = Use::kCategory;
    char separator = 0;  // kMulti.
    bool is_feature = true;
    uint16_t field = 0;
    uint64_t hash = 0;  // Of the name.
  };
  struct Derived {
    size_t source = 0;  // A slot before its own.
    DeriveFunction function = DeriveFunction::kHour;
    int64_t parameter = 1;
    size_t time = 0;  // Of a function of time: which of the row's times, one for each source.
  };
  struct Cross {
    std::array<uint32_t, 4> parts = {};  // Positions in `keyed`.
    uint32_t part_count = 0;
    uint16_t field = 0;
    uint64_t hash = 0;
  };

  bool quotes = true;  // Cells may be quoted.
  char delimiter = ',';
  std::vector<std::string> cells;  // Their names.
  bool named_by_option = false;    // --columns: then no line is a header.
  size_t label = kNone;            // Cells.
  size_t weight = kNone;
  std::vector<Derived> derived;
  std::vector<std::string> derived_texts;  // "hour(time)", for messages.
  size_t times = 0;
  std::vector<Keyed> keyed;  // By rising field as far as they are features.
  std::vector<Cross> crosses;

  size_t FieldCount() const;  // Of features and crosses.
};

// Whether the data may lack the label's column, or no column be named the label: of data to be
// predicted, or looked at.
enum class LabelNeed : uint8_t { kRequired, kOptional };

// csv and criteo only. kFailedPrecondition: an option does not fit the columns; names it, the
// column, and what columns there are. kInvalidArgument: the data lacks a column, or has one twice.
absl::StatusOr<ColumnPlan> MakeColumnPlan(DataFormat format, const ReadSpec& spec, LabelNeed need);

// Whether a spec fits its format, its columns included. Errors as MakeColumnPlan.
absl::Status CheckReadSpec(DataFormat format, const ReadSpec& spec);

// label, i1 .. i13, c1 .. c26
const std::vector<std::string>& CriteoColumns();
inline constexpr std::string_view kCriteoLabel = "label";

// The column that is the label when none is named: the only one called label, click, target or y.
absl::StatusOr<std::string> DefaultLabel(std::span<const std::string> columns);

// Key to `bits` bits; 0: as it is.
constexpr uint64_t ReduceKey(uint64_t key, uint32_t bits) {
  return bits == 0 ? key : Mix64(key) >> (64 - bits);
}

}  // namespace cairn
