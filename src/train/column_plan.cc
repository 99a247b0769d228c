#include "train/column_plan.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/hash.h"
#include "base/numbers.h"
#include "base/status.h"
#include "train/bad_row.h"

namespace cairn {
namespace {

// Fields are 16-bit numbers.
constexpr size_t kFieldsMax = 65'536;
constexpr size_t kColumnsMax = 32'768;
constexpr size_t kCrossPartsMax = std::tuple_size_v<decltype(ColumnPlan::Cross::parts)>;
constexpr size_t kCriteoCounts = 13;
constexpr size_t kCriteoCategories = 26;

absl::Status CheckCross(const ReadSpec& spec, const std::vector<std::string>& cross) {
  if (cross.size() < 2 || cross.size() > kCrossPartsMax) {
    return FailedPrecondition("--cross ", FormatCross(cross), ": not 2 to ", kCrossPartsMax,
                              " parts");
  }
  if (std::count(spec.crosses.begin(), spec.crosses.end(), cross) == 1) return absl::OkStatus();
  return FailedPrecondition("--cross ", FormatCross(cross), " is given twice");
}

// "--cross a*b,c*d" names a column "b,c".
std::string ListHint(std::string_view option, std::string_view name) {
  const bool by_blanks = option == "multi" || option == "derive" || option == "cross";
  if (!by_blanks || name.find(',') == name.npos) return "";
  return Concat("; several are given with blanks between them: --", option, " A B");
}

// One plan in the making.
class Planner {
 public:
  Planner(DataFormat format, const ReadSpec& spec, LabelNeed need)
      : criteo_(format == DataFormat::kCriteo),
        spec_(spec),
        columns_(criteo_ ? CriteoColumns() : spec.columns),
        file_columns_(spec.file_columns.empty() ? columns_ : spec.file_columns),
        need_(need) {}

  absl::StatusOr<ColumnPlan> Make() {
    plan_.quotes = !criteo_;
    plan_.delimiter = criteo_ ? '\t' : spec_.delimiter;
    plan_.cells = file_columns_;
    plan_.named_by_option = !criteo_ && !spec_.header;
    CAIRN_RETURN_IF_ERROR(CheckColumns());
    CAIRN_RETURN_IF_ERROR(CheckNames());
    CAIRN_RETURN_IF_ERROR(FindLabelAndWeight());
    CAIRN_RETURN_IF_ERROR(AddDerived());
    CAIRN_RETURN_IF_ERROR(AddFeatures());
    CAIRN_RETURN_IF_ERROR(AddCrosses());
    CAIRN_RETURN_IF_ERROR(CheckFields());
    return std::move(plan_);
  }

 private:
  absl::Status CheckColumns() const {
    if (criteo_ && !(spec_.columns.empty() && spec_.delimiter == ',')) {
      return FailedPrecondition("--columns and --delimiter are for csv: Criteo's are fixed");
    }
    if (columns_.empty())
      return FailedPrecondition("no columns are known: name them with --columns");
    if (columns_.size() > kColumnsMax || file_columns_.size() > kColumnsMax) {
      return InvalidArgument("more than ", kColumnsMax,
                             " columns; libsvm is the format for rows that are that wide");
    }
    for (const std::vector<std::string>* names : {&columns_, &file_columns_}) {
      std::vector<std::string> sorted = *names;
      std::sort(sorted.begin(), sorted.end());
      const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
      if (twice == sorted.end()) continue;
      return InvalidArgument("two columns are called ", QuoteText(*twice),
                             "; name all columns with --columns, each in its own way");
    }
    return absl::OkStatus();
  }

  // Every column that an option names must be one that the model's data has.
  absl::Status CheckNames() const {
    CAIRN_RETURN_IF_ERROR(CheckAll("ignore", spec_.ignore));
    CAIRN_RETURN_IF_ERROR(CheckAll("numeric", spec_.numeric));
    for (const MultiColumn& multi : spec_.multi) {
      CAIRN_RETURN_IF_ERROR(CheckName("multi", multi.column, columns_));
      if (!Contains(spec_.numeric, multi.column)) continue;
      return FailedPrecondition("--multi and --numeric both name ", QuoteText(multi.column));
    }
    if (!spec_.label.column.empty()) {
      CAIRN_RETURN_IF_ERROR(CheckName("label", spec_.label.column, columns_));
    }
    if (spec_.weight.empty()) return absl::OkStatus();
    return CheckName("weight", spec_.weight, columns_);
  }

  absl::Status CheckAll(std::string_view option, const std::vector<std::string>& names) const {
    std::vector<std::string> all = columns_;
    for (const DerivedColumn& derived : spec_.derived) all.push_back(derived.name);
    for (const std::string& name : names) CAIRN_RETURN_IF_ERROR(CheckName(option, name, all));
    return absl::OkStatus();
  }

  static absl::Status CheckName(std::string_view option, const std::string& name,
                                const std::vector<std::string>& known) {
    if (Contains(known, name)) return absl::OkStatus();
    return FailedPrecondition("--", option, ": there is no column ", QuoteText(name),
                              ListHint(option, name), ColumnsHint(name, known));
  }

  static bool Contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  absl::Status FindLabelAndWeight() {
    for (size_t i = 0; i < file_columns_.size(); ++i) slots_[file_columns_[i]] = i;
    label_name_ = spec_.label.column;
    if (label_name_.empty()) {
      absl::StatusOr<std::string> label = DefaultLabel(columns_);
      if (!label.ok() && need_ == LabelNeed::kRequired) return label.status();
      if (label.ok()) label_name_ = *std::move(label);
    }
    if (!label_name_.empty() && label_name_ == spec_.weight) {
      return FailedPrecondition("--label and --weight both name ", QuoteText(label_name_));
    }
    if (slots_.contains(label_name_)) {
      plan_.label = slots_[label_name_];
    } else if (need_ == LabelNeed::kRequired) {
      return Missing(label_name_, "the label");
    }
    if (!spec_.weight.empty() && slots_.contains(spec_.weight)) {
      plan_.weight = slots_[spec_.weight];
    } else if (!spec_.weight.empty() && need_ == LabelNeed::kRequired) {
      return Missing(spec_.weight, "the weight");
    }
    return absl::OkStatus();
  }

  absl::Status Missing(const std::string& name, std::string_view role) const {
    // All names in one: the cells are told apart by something else.
    const bool one = file_columns_.size() == 1 && columns_.size() > 1 &&
                     file_columns_[0].find(name) != std::string::npos;
    const std::string between = spec_.delimiter == '\t' ? "tabs" : std::string(1, spec_.delimiter);
    return InvalidArgument("the data has no column ", QuoteText(name), ", which is ", role,
                           ColumnsHint(name, file_columns_),
                           one ? Concat("; between the cells are to be ", QuoteText(between)) : "");
  }

  // The slot of a column that something is made of.
  absl::StatusOr<size_t> SlotOf(std::string_view option, const std::string& name) const {
    if (name == label_name_ || name == spec_.weight) {
      return FailedPrecondition("--", option, ": column ", QuoteText(name), " is the ",
                                name == label_name_ ? "label" : "weight",
                                ", so no feature can be made of it");
    }
    const auto found = slots_.find(name);
    if (found != slots_.end()) return found->second;
    if (Contains(columns_, name)) return Missing(name, "needed for the features");
    std::vector<std::string> known = columns_;
    for (const DerivedColumn& derived : spec_.derived) {
      if (slots_.contains(derived.name)) known.push_back(derived.name);
    }
    return FailedPrecondition("--", option, ": there is no column ", QuoteText(name),
                              ListHint(option, name), ColumnsHint(name, known));
  }

  absl::Status AddDerived() {
    std::map<size_t, size_t> times;
    for (const DerivedColumn& column : spec_.derived) {
      if (Contains(columns_, column.name) || slots_.contains(column.name)) {
        return FailedPrecondition("--derive: there is a column ", QuoteText(column.name),
                                  " already; give the new one another name");
      }
      ColumnPlan::Derived derived;
      CAIRN_ASSIGN_OR_RETURN(derived.source, SlotOf("derive", column.source));
      derived.function = column.function;
      derived.parameter = column.parameter;
      if (IsOfTime(column.function)) {
        derived.time = times.emplace(derived.source, times.size()).first->second;
      }
      slots_[column.name] = file_columns_.size() + plan_.derived.size();
      plan_.derived.push_back(derived);
      plan_.derived_texts.push_back(
          Concat(DeriveFunctionName(column.function), "(", column.source, ")"));
    }
    plan_.times = times.size();
    return absl::OkStatus();
  }

  ColumnPlan::Keyed KeyedOf(const std::string& name, size_t slot) const {
    ColumnPlan::Keyed keyed;
    keyed.slot = slot;
    keyed.hash = HashString(name);
    if (criteo_ && name.starts_with('i') && Contains(CriteoColumns(), name)) {
      keyed.use = ColumnPlan::Use::kCriteoBin;
    }
    if (Contains(spec_.numeric, name)) keyed.use = ColumnPlan::Use::kNumber;
    for (const MultiColumn& multi : spec_.multi) {
      if (multi.column != name) continue;
      keyed.use = ColumnPlan::Use::kMulti;
      keyed.separator = multi.separator;
    }
    return keyed;
  }

  absl::Status AddFeatures() {
    std::vector<std::string> names = columns_;
    for (const DerivedColumn& derived : spec_.derived) names.push_back(derived.name);
    for (const std::string& name : names) {
      if (name == label_name_ || name == spec_.weight || Contains(spec_.ignore, name)) continue;
      CAIRN_ASSIGN_OR_RETURN(const size_t slot, SlotOf("columns", name));
      ColumnPlan::Keyed keyed = KeyedOf(name, slot);
      keyed.field = static_cast<uint16_t>(plan_.keyed.size());
      positions_[name] = static_cast<uint32_t>(plan_.keyed.size());
      plan_.keyed.push_back(keyed);
    }
    if (plan_.keyed.empty() && spec_.crosses.empty()) {
      return FailedPrecondition("no column is left as a feature");
    }
    return absl::OkStatus();
  }

  absl::Status AddCrosses() {
    size_t field = plan_.keyed.size();
    if (field + spec_.crosses.size() > kFieldsMax) return FailedPrecondition("too many crosses");
    for (const std::vector<std::string>& parts : spec_.crosses) {
      CAIRN_RETURN_IF_ERROR(CheckCross(spec_, parts));
      ColumnPlan::Cross cross;
      cross.hash = HashString(FormatCross(parts));
      cross.field = static_cast<uint16_t>(field++);
      for (const std::string& part : parts) {
        CAIRN_ASSIGN_OR_RETURN(cross.parts[cross.part_count], PositionOf(part));
        ++cross.part_count;
      }
      plan_.crosses.push_back(cross);
    }
    return absl::OkStatus();
  }

  absl::Status CheckFields() const {
    const size_t count = plan_.FieldCount();
    if (spec_.field_starts.empty() && (spec_.fields == 0 || spec_.fields == count)) return {};
    return InvalidArgument("these columns have ", count, " fields, not ", spec_.fields);
  }

  // An ignored column may be part of a cross: then it has a key, but is no feature itself.
  absl::StatusOr<uint32_t> PositionOf(const std::string& part) {
    const auto found = positions_.find(part);
    if (found != positions_.end()) return found->second;
    CAIRN_ASSIGN_OR_RETURN(const size_t slot, SlotOf("cross", part));
    ColumnPlan::Keyed keyed = KeyedOf(part, slot);
    keyed.is_feature = false;
    const auto position = static_cast<uint32_t>(plan_.keyed.size());
    plan_.keyed.push_back(keyed);
    positions_[part] = position;
    return position;
  }

  const bool criteo_;
  const ReadSpec& spec_;
  const std::vector<std::string>& columns_;
  const std::vector<std::string>& file_columns_;
  const LabelNeed need_;

  ColumnPlan plan_;
  std::string label_name_;
  std::map<std::string, size_t, std::less<>> slots_;  // Of cells, and of derived columns so far.
  std::map<std::string, uint32_t, std::less<>> positions_;  // In plan_.keyed.
};

// Options that are for columns do nothing elsewhere, so they are refused.
absl::Status CheckNoColumns(DataFormat format, const ReadSpec& spec) {
  const auto refuse = [&](std::string_view option, std::string_view instead) {
    return FailedPrecondition("--", option, " is for data with columns (csv, criteo), not for ",
                              FormatName(format), instead);
  };
  if (!spec.columns.empty() || !spec.file_columns.empty() || spec.header) {
    return refuse("columns", "");
  }
  if (spec.delimiter != ',') return refuse("delimiter", "");
  if (!spec.numeric.empty()) return refuse("numeric", "");
  if (!spec.ignore.empty()) return refuse("ignore", "");
  if (!spec.multi.empty()) return refuse("multi", "");
  if (!spec.derived.empty()) return refuse("derive", "");
  if (!spec.weight.empty()) return refuse("weight", ": there a label may be LABEL:WEIGHT");
  if (spec.label.column.empty() || spec.label.column == "label") return absl::OkStatus();
  return FailedPrecondition("--label: ", FormatName(format), " has no column ",
                            QuoteText(spec.label.column),
                            ": compare its label itself, as in \">4\" or \"label>4\"");
}

// Of formats without columns.
absl::Status CheckFields(DataFormat format, const ReadSpec& spec) {
  const std::vector<Key>& starts = spec.field_starts;
  if (spec.fields == 0 && starts.empty()) return absl::OkStatus();
  if (format == DataFormat::kLibffm && starts.empty()) {
    const size_t crossed = spec.crosses.empty() ? 0 : spec.cross_field + spec.crosses.size();
    if (crossed <= spec.fields) return absl::OkStatus();
    return InvalidArgument("crosses have fields up to ", crossed - 1, ", and there are ",
                           spec.fields);
  }
  const bool rises =
      std::adjacent_find(starts.begin(), starts.end(), std::greater_equal<>()) == starts.end();
  if (format == DataFormat::kLibsvm && starts.size() == spec.fields && starts[0] == 0 && rises) {
    return absl::OkStatus();
  }
  return InvalidArgument(spec.fields, " fields with ", starts.size(), " starts are none of ",
                         FormatName(format));
}

absl::Status CheckFieldCrosses(DataFormat format, const ReadSpec& spec) {
  if (spec.crosses.empty()) return absl::OkStatus();
  if (format != DataFormat::kLibffm) {
    return FailedPrecondition("--cross: ", FormatName(format),
                              " has no fields to cross; libffm, csv and criteo have");
  }
  for (const std::vector<std::string>& cross : spec.crosses) {
    CAIRN_RETURN_IF_ERROR(CheckCross(spec, cross));
    for (const std::string& part : cross) {
      const absl::StatusOr<uint64_t> field = ParseU64(part);
      if (field.ok() && *field < kFieldsMax) continue;
      return FailedPrecondition("--cross ", FormatCross(cross), ": ", QuoteText(part),
                                " is no field of libffm: a number from 0 to ", kFieldsMax - 1);
    }
  }
  if (spec.cross_field + spec.crosses.size() > kFieldsMax) {
    return FailedPrecondition("--cross: no field number is left for ", spec.crosses.size(),
                              " crosses above field ", spec.cross_field);
  }
  return absl::OkStatus();
}

}  // namespace

size_t ColumnPlan::FieldCount() const {
  const auto is_feature = [](const Keyed& each) { return each.is_feature; };
  return static_cast<size_t>(std::count_if(keyed.begin(), keyed.end(), is_feature)) +
         crosses.size();
}

absl::StatusOr<ColumnPlan> MakeColumnPlan(DataFormat format, const ReadSpec& spec, LabelNeed need) {
  return Planner(format, spec, need).Make();
}

absl::Status CheckReadSpec(DataFormat format, const ReadSpec& spec) {
  if (HasColumns(format)) return MakeColumnPlan(format, spec, LabelNeed::kOptional).status();
  CAIRN_RETURN_IF_ERROR(CheckNoColumns(format, spec));
  CAIRN_RETURN_IF_ERROR(CheckFields(format, spec));
  return CheckFieldCrosses(format, spec);
}

const std::vector<std::string>& CriteoColumns() {
  static const std::vector<std::string>* const kColumns = [] {
    auto* columns = new std::vector<std::string>{std::string(kCriteoLabel)};
    for (size_t i = 1; i <= kCriteoCounts; ++i) columns->push_back(Concat("i", i));
    for (size_t i = 1; i <= kCriteoCategories; ++i) columns->push_back(Concat("c", i));
    return columns;
  }();
  return *kColumns;
}

absl::StatusOr<std::string> DefaultLabel(std::span<const std::string> columns) {
  std::vector<std::string> found;
  for (const std::string& column : columns) {
    if (column == "label" || column == "click" || column == "target" || column == "y") {
      found.push_back(column);
    }
  }
  if (found.size() == 1) return found.front();
  const std::string several =
      found.empty() ? "no column is called label, click, target or y"
                    : Concat("more than one column is called label, click, target or y");
  return FailedPrecondition("which column is the label? ", several, ": name it with --label COLUMN",
                            ColumnsHint("", columns));
}

}  // namespace cairn
