// How text becomes rows, beyond its format: which column is the label, what the others are, what is
// made of them. It is part of a job's data definition and of a saved model, so that all workers,
// and whoever scores with the model later, read data in the same way. doc/data.md
//
// A column is a name here; src/train/column_plan.h turns names into positions. All of it is pure
// and thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/train.h"
#include "cairn/types.h"
#include "train/derive.h"
#include "train/label_rule.h"

namespace cairn {

// A cell that holds several values, each of which is a feature: "drama|crime".
struct MultiColumn {
  std::string column;
  char separator = '|';

  bool operator==(const MultiColumn&) const = default;
};

// NAME=FUNCTION(SOURCE) or NAME=FUNCTION(SOURCE,N).
struct DerivedColumn {
  std::string name;
  DeriveFunction function = DeriveFunction::kHour;
  std::string source;
  uint32_t parameter = 1;

  bool operator==(const DerivedColumn&) const = default;
};

struct ReadSpec {
  // csv: the columns that the model knows, in the order of the training data. Empty for others:
  // libsvm and libffm have none, Criteo's are known.
  std::vector<std::string> columns;
  // What stands in the files, in that order, where that is another order, more, or less: a file to
  // be scored. Empty: as `columns`.
  std::vector<std::string> file_columns;
  bool header = false;  // csv: the first line of each file holds the columns' names.
  char delimiter = ',';
  LabelRule label;
  std::string weight;  // "": none.
  std::vector<std::string> numeric;
  std::vector<std::string> ignore;
  std::vector<MultiColumn> multi;
  std::vector<DerivedColumn> derived;             // One may use those before it.
  std::vector<std::vector<std::string>> crosses;  // Names of columns, or numbers of libffm fields.
  uint32_t cross_field = 0;                       // libffm: the field of the first cross.
  // What a model needs to know of the features' fields: they are 0 .. fields - 1, and a row with
  // another one is bad. 0: any, or none.
  uint32_t fields = 0;
  std::vector<Key> field_starts;  // libsvm: as FindFields (train/field_groups.h).
  uint32_t hash_bits = 0;         // 1 .. 63; 0: keys are whole.

  bool operator==(const ReadSpec&) const = default;
};

// From a user's words, each of which is checked by itself. Whether the columns exist shows when the
// data is known. kInvalidArgument names the option, quotes the text and says where it is wrong.
absl::StatusOr<ReadSpec> ParseRowOptions(const RowOptions& options);

// "a,b": names, each once. Errors as above.
absl::StatusOr<std::vector<std::string>> ParseNameList(std::string_view text);

// A spec as (entry, value) lines, only those that differ from the default, and back: Set answers
// kInvalidArgument for an unknown entry or value. What ParseRowOptions made, and columns with any
// names, come back as they were. Values hold no line break.
std::vector<std::pair<std::string, std::string>> EntriesOf(const ReadSpec& spec);
absl::Status SetEntry(std::string_view entry, std::string_view value, ReadSpec* spec);

// The same for people: options as on the command line, a line for each value of those that take
// several. What the files say by themselves, as columns of a header or fields, is left out.
std::vector<std::pair<std::string, std::string>> DescribeReadSpec(const ReadSpec& spec);

std::string FormatCross(const std::vector<std::string>& cross);  // "a*b"

// "; did you mean "b"? The columns are: a, b, c", shortened if they are many.
std::string ColumnsHint(std::string_view wanted, std::span<const std::string> columns);

}  // namespace cairn
