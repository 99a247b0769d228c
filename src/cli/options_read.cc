#include <utility>
#include <vector>

#include "cli/options_sections.h"
#include "train/read_spec.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kReading = CommandSpec::kTrain | CommandSpec::kDataStat;

absl::Status CheckEntry(std::string_view entry, std::string_view value) {
  ReadSpec spec;
  return SetEntry(entry, value, &spec);
}
absl::Status CheckDelimiter(std::string_view text) { return CheckEntry("delimiter", text); }
absl::Status CheckLabel(std::string_view text) { return CheckEntry("label", text); }
absl::Status CheckMulti(std::string_view text) { return CheckEntry("multi", text); }
absl::Status CheckDerive(std::string_view text) { return CheckEntry("derive", text); }
absl::Status CheckCross(std::string_view text) { return CheckEntry("cross", text); }
absl::Status CheckNames(std::string_view text) { return ParseNameList(text).status(); }

std::vector<OptionSpec> ColumnOptions() {
  return {
      {.name = "label",
       .kind = Kind::kText,
       .metavar = "RULE",
       .section = "Data",
       .help =
           "A column, or what to compare: delay>15, answer==yes; >4 where columns have no names",
       .commands = kReading,
       .check = CheckLabel},
      {.name = "weight",
       .kind = Kind::kText,
       .metavar = "COL",
       .section = "Data",
       .help = "Column of the rows' weights; in libsvm and libffm a label may be LABEL:WEIGHT",
       .commands = kReading},
      {.name = "columns",
       .kind = Kind::kText,
       .metavar = "A,B,...",
       .section = "Data",
       .help = "Names of csv's columns, whose files then have no header line",
       .commands = kReading,
       .is_comma_list = true,
       .check = CheckNames},
      {.name = "delimiter",
       .kind = Kind::kText,
       .metavar = "CHAR",
       .section = "Data",
       .help = "Between the cells of csv: tab, or one character; without it a comma",
       .commands = kReading,
       .check = CheckDelimiter},
      {.name = "numeric",
       .kind = Kind::kText,
       .metavar = "A,B,...",
       .section = "Data",
       .help = "Columns that are numbers; all others are categories",
       .commands = kReading,
       .is_comma_list = true,
       .check = CheckNames},
      {.name = "ignore",
       .kind = Kind::kText,
       .metavar = "A,B,...",
       .section = "Data",
       .help = "Columns that are no features, though others may be made of them",
       .commands = kReading,
       .is_comma_list = true,
       .check = CheckNames},
  };
}

std::vector<OptionSpec> FeatureOptions() {
  return {
      {.name = "multi",
       .kind = Kind::kTexts,
       .metavar = "COL:SEP",
       .section = "Data",
       .help = "A column of several values in a cell, as in tags:|",
       .commands = kReading,
       .check = CheckMulti},
      {.name = "derive",
       .kind = Kind::kTexts,
       .metavar = "NAME=F(COL)",
       .section = "Data",
       .help =
           "New columns: hour, weekday, yearday, day or month of a time; div(COL,N); log(COL,N)",
       .commands = kReading,
       .check = CheckDerive},
      {.name = "cross",
       .kind = Kind::kTexts,
       .metavar = "A*B",
       .section = "Data",
       .help = "A feature for each combination of 2 to 4 columns, or of fields of libffm: 2*5",
       .commands = kReading,
       .check = CheckCross},
      {.name = "hash-bits",
       .kind = Kind::kCount,
       .metavar = "BITS",
       .section = "Data",
       .help = "Hash keys to so many bits; without it they are whole",
       .commands = kReading,
       .counts = {.min = 1, .max = 63}},
  };
}

}  // namespace

std::vector<OptionSpec> ReadingOptions() {
  std::vector<OptionSpec> options = ColumnOptions();
  for (OptionSpec& option : FeatureOptions()) options.push_back(std::move(option));
  return options;
}

}  // namespace cairn
