#include "train/read_spec.h"

#include <algorithm>

#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"
#include "train/bad_row.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr size_t kCrossPartsMin = 2;
constexpr size_t kCrossPartsMax = 4;
constexpr uint64_t kParameterMax = 1'000'000'000;
constexpr uint64_t kLogParameterMax = 1'000;
constexpr uint64_t kHashBitsMax = 63;
constexpr uint64_t kFieldMax = 65'535;
constexpr uint64_t kFieldsMax = kFieldMax + 1;
constexpr size_t kColumnsShownMax = 40;
constexpr size_t kNameShownMax = 60;  // What is longer is hardly a name.

// Where `part`, a piece of `text`, begins: columns count from 1.
size_t ColumnIn(std::string_view text, std::string_view part) {
  return static_cast<size_t>(part.data() - text.data()) + 1;
}

template <typename... Parts>
absl::Status WrongAt(std::string_view text, std::string_view part, const Parts&... what) {
  return InvalidArgument(QuoteText(text), ", column ", ColumnIn(text, part), ": ", what...);
}

// The pieces of a text between separators, each without blanks around it; none may be empty.
absl::StatusOr<std::vector<std::string>> SplitNames(std::string_view text, char separator) {
  std::vector<std::string> names;
  for (std::string_view rest = text;;) {
    const size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view name = TrimBlanks(rest.substr(0, end));
    if (name.empty()) return WrongAt(text, rest, "expected a name");
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return WrongAt(text, rest, QuoteText(name), " is there twice");
    }
    names.emplace_back(name);
    if (end == rest.size()) return names;
    rest.remove_prefix(end + 1);
  }
}

absl::StatusOr<char> ParseDelimiter(std::string_view text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "comma") return ',';
  constexpr std::string_view kParts = "\"'\r\n.+-_";  // Of numbers, names and quotes.
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool legal = text.size() == 1 && static_cast<unsigned char>(text[0]) < 128 &&
                     text[0] != '\0' && kParts.find(text[0]) == kParts.npos && !is_word(text[0]);
  if (!legal) {
    return InvalidArgument(QuoteText(text),
                           " is no delimiter: \"tab\", or one character as , ; | :");
  }
  return text[0];
}

std::string FormatDelimiter(char delimiter) {
  return delimiter == '\t' ? "tab" : std::string(1, delimiter);
}

absl::StatusOr<MultiColumn> ParseMulti(std::string_view text) {
  const size_t colon = text.rfind(':', text.size() < 2 ? text.npos : text.size() - 2);
  const bool legal = colon != text.npos && colon > 0 && colon + 2 == text.size() &&
                     text.back() != '\n' && text.back() != '\r';
  if (!legal) {
    return InvalidArgument(QuoteText(text),
                           ": expected COLUMN:SEPARATOR with one character behind the colon, as in "
                           "\"tags:|\"");
  }
  return MultiColumn{std::string(TrimBlanks(text.substr(0, colon))), text.back()};
}

// "hour(time)" or "div(hour,3)", a piece of `text`, into `derived`.
absl::Status ParseCall(std::string_view text, std::string_view call, DerivedColumn* derived) {
  const size_t open = call.find('(');
  const std::string_view name = TrimBlanks(call.substr(0, open));
  const std::optional<DeriveFunction> function = FindDeriveFunction(name);
  if (!function) {
    static const std::vector<std::string> kKnown = {"hour",  "weekday", "yearday", "day",
                                                    "month", "div",     "log"};
    const std::string close = ClosestWord(name, kKnown);
    const std::string hint = close.empty() ? "" : Concat("; did you mean ", QuoteText(close), "?");
    return WrongAt(text, call, "no function ", QuoteText(name),
                   "; there are hour, weekday, yearday, day, month, div and log", hint);
  }
  if (open == call.npos || call.back() != ')') {
    return WrongAt(text, call, "expected ", name,
                   HasParameter(*function) ? "(COLUMN,N)" : "(COLUMN)");
  }
  derived->function = *function;
  std::string_view inside = call.substr(open + 1, call.size() - open - 2);
  const size_t end = inside.find("),");
  if (end != inside.npos && inside.find('=', end) != inside.npos) {
    return WrongAt(text, inside.substr(end + 1),
                   "several columns are given with blanks between them: --derive A B");
  }
  if (HasParameter(*function)) {
    const size_t comma = inside.rfind(',');
    if (comma == inside.npos) return WrongAt(text, inside, "expected ", name, "(COLUMN,N)");
    const std::string_view number = TrimBlanks(inside.substr(comma + 1));
    const absl::StatusOr<uint64_t> parameter = ParseU64(number);
    const uint64_t most = *function == DeriveFunction::kLog ? kLogParameterMax : kParameterMax;
    if (!parameter.ok() || *parameter < 1 || *parameter > most) {
      return WrongAt(text, inside.substr(comma + 1), "N is ", QuoteText(number),
                     ", not a whole number from 1 to ", most);
    }
    derived->parameter = static_cast<uint32_t>(*parameter);
    inside = inside.substr(0, comma);
  }
  derived->source = std::string(TrimBlanks(inside));
  if (derived->source.empty()) return WrongAt(text, inside, "expected a column");
  return absl::OkStatus();
}

absl::StatusOr<DerivedColumn> ParseDerived(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == text.npos) {
    return InvalidArgument(QuoteText(text),
                           ": expected NAME=FUNCTION(COLUMN), as in \"hour=hour(time)\"");
  }
  DerivedColumn derived;
  derived.name = std::string(TrimBlanks(text.substr(0, equals)));
  if (derived.name.empty()) return WrongAt(text, text, "expected a name");
  const std::string_view call = TrimBlanks(text.substr(equals + 1));
  if (call.empty()) return WrongAt(text, text.substr(equals + 1), "expected FUNCTION(COLUMN)");
  CAIRN_RETURN_IF_ERROR(ParseCall(text, call, &derived));
  return derived;
}

std::string FormatDerived(const DerivedColumn& derived) {
  const std::string parameter =
      HasParameter(derived.function) ? Concat(",", derived.parameter) : "";
  return Concat(derived.name, "=", DeriveFunctionName(derived.function), "(", derived.source,
                parameter, ")");
}

absl::StatusOr<std::vector<std::string>> ParseCross(std::string_view text) {
  CAIRN_ASSIGN_OR_RETURN(std::vector<std::string> parts, SplitNames(text, '*'));
  if (parts.size() < kCrossPartsMin || parts.size() > kCrossPartsMax) {
    return InvalidArgument(QuoteText(text), ": a cross has ", kCrossPartsMin, " to ",
                           kCrossPartsMax, " columns, as in \"origin*hour\", not ", parts.size());
  }
  return parts;
}

absl::StatusOr<uint32_t> ParseBounded(std::string_view value, uint64_t most) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t number, ParseU64(value));
  if (number > most) return InvalidArgument(number, " is above ", most);
  return static_cast<uint32_t>(number);
}

// One value of an option that may be given several times.
template <typename T>
absl::Status Add(absl::StatusOr<T> value, std::vector<T>* list) {
  if (!value.ok()) return value.status();
  list->push_back(*std::move(value));
  return absl::OkStatus();
}

absl::Status SetList(std::string_view option, const std::string& text,
                     std::vector<std::string>* list) {
  if (text.empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<std::string>> names = ParseNameList(text);
  if (!names.ok()) return Annotate(names.status(), "--", option);
  *list = *std::move(names);
  return absl::OkStatus();
}

absl::Status SetEach(std::string_view option, const std::vector<std::string>& texts,
                     ReadSpec* spec) {
  for (const std::string& text : texts) {
    CAIRN_RETURN_IF_ERROR(Annotate(SetEntry(option, text, spec), "--", option));
  }
  return absl::OkStatus();
}

std::string FormatNumbers(const std::vector<Key>& numbers) {
  std::string text;
  for (const Key number : numbers) text += Concat(text.empty() ? "" : ",", number);
  return text;
}

absl::StatusOr<std::vector<Key>> ParseNumbers(std::string_view text) {
  std::vector<Key> numbers;
  for (;;) {
    const size_t end = std::min(text.find(','), text.size());
    CAIRN_ASSIGN_OR_RETURN(const Key number, ParseU64(text.substr(0, end)));
    numbers.push_back(number);
    if (end == text.size()) return numbers;
    text.remove_prefix(end + 1);
  }
}

// One letter is close to every other one, and two are if there are several such columns.
std::string ClosestColumn(std::string_view wanted, std::span<const std::string> columns) {
  if (wanted.size() > 2) return ClosestWord(wanted, columns);
  std::string close;
  for (const std::string& column : columns) {
    if (wanted.size() < 2 || column.size() != 2 || EditDistance(wanted, column) > 1) continue;
    if (!close.empty()) return "";
    close = column;
  }
  return close;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseNameList(std::string_view text) {
  return SplitNames(text, ',');
}

absl::StatusOr<ReadSpec> ParseRowOptions(const RowOptions& options) {
  ReadSpec spec;
  CAIRN_RETURN_IF_ERROR(SetList("columns", options.columns, &spec.columns));
  CAIRN_RETURN_IF_ERROR(SetList("numeric", options.numeric, &spec.numeric));
  CAIRN_RETURN_IF_ERROR(SetList("ignore", options.ignore, &spec.ignore));
  for (const auto& [option, text] :
       {std::pair<std::string_view, const std::string&>("delimiter", options.delimiter),
        {"label", options.label},
        {"weight", options.weight}}) {
    if (!text.empty()) CAIRN_RETURN_IF_ERROR(SetEach(option, {text}, &spec));
  }
  CAIRN_RETURN_IF_ERROR(SetEach("multi", options.multi, &spec));
  CAIRN_RETURN_IF_ERROR(SetEach("derive", options.derive, &spec));
  CAIRN_RETURN_IF_ERROR(SetEach("cross", options.cross, &spec));
  if (options.hash_bits > kHashBitsMax) {
    return InvalidArgument("--hash-bits is ", options.hash_bits, ": 1 to ", kHashBitsMax);
  }
  spec.hash_bits = options.hash_bits;
  return spec;
}

std::vector<std::pair<std::string, std::string>> EntriesOf(const ReadSpec& spec) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const std::string& column : spec.columns) entries.emplace_back("column", column);
  for (const std::string& column : spec.file_columns) entries.emplace_back("file-column", column);
  if (spec.header) entries.emplace_back("header", "1");
  if (spec.cross_field != 0) entries.emplace_back("cross-field", Concat(spec.cross_field));
  if (spec.fields != 0) entries.emplace_back("fields", Concat(spec.fields));
  if (!spec.field_starts.empty()) {
    entries.emplace_back("field-starts", FormatNumbers(spec.field_starts));
  }
  if (spec.delimiter != ',') entries.emplace_back("delimiter", FormatDelimiter(spec.delimiter));
  const std::string label = FormatLabelRule(spec.label);
  if (!label.empty()) entries.emplace_back("label", label);
  if (spec.label.classes != 0) entries.emplace_back("classes", Concat(spec.label.classes));
  if (!spec.weight.empty()) entries.emplace_back("weight", spec.weight);
  for (const std::string& column : spec.numeric) entries.emplace_back("numeric", column);
  for (const std::string& column : spec.ignore) entries.emplace_back("ignore", column);
  for (const MultiColumn& multi : spec.multi) {
    entries.emplace_back("multi", Concat(multi.column, ":", multi.separator));
  }
  for (const DerivedColumn& derived : spec.derived) {
    entries.emplace_back("derive", FormatDerived(derived));
  }
  for (const auto& cross : spec.crosses) entries.emplace_back("cross", FormatCross(cross));
  if (spec.hash_bits != 0) entries.emplace_back("hash-bits", Concat(spec.hash_bits));
  return entries;
}

absl::Status SetEntry(std::string_view entry, std::string_view value, ReadSpec* spec) {
  if (value.find('\n') != value.npos) return InvalidArgument("a line break in ", QuoteText(value));
  if (entry == "column") {
    spec->columns.emplace_back(value);
  } else if (entry == "file-column") {
    spec->file_columns.emplace_back(value);
  } else if (entry == "header") {
    spec->header = value == "1";
  } else if (entry == "cross-field") {
    CAIRN_ASSIGN_OR_RETURN(spec->cross_field, ParseBounded(value, kFieldMax));
  } else if (entry == "fields") {
    CAIRN_ASSIGN_OR_RETURN(spec->fields, ParseBounded(value, kFieldsMax));
  } else if (entry == "field-starts") {
    CAIRN_ASSIGN_OR_RETURN(spec->field_starts, ParseNumbers(value));
  } else if (entry == "delimiter") {
    CAIRN_ASSIGN_OR_RETURN(spec->delimiter, ParseDelimiter(value));
  } else if (entry == "label") {
    const uint32_t classes = spec->label.classes;
    CAIRN_ASSIGN_OR_RETURN(spec->label, ParseLabelRule(value));
    spec->label.classes = classes;
  } else if (entry == "classes") {
    CAIRN_ASSIGN_OR_RETURN(spec->label.classes, ParseBounded(value, limits::kClassesMax));
  } else if (entry == "weight") {
    spec->weight = std::string(value);
  } else if (entry == "numeric") {
    spec->numeric.emplace_back(value);
  } else if (entry == "ignore") {
    spec->ignore.emplace_back(value);
  } else if (entry == "multi") {
    return Add(ParseMulti(value), &spec->multi);
  } else if (entry == "derive") {
    return Add(ParseDerived(value), &spec->derived);
  } else if (entry == "cross") {
    return Add(ParseCross(value), &spec->crosses);
  } else if (entry == "hash-bits") {
    CAIRN_ASSIGN_OR_RETURN(spec->hash_bits, ParseBounded(value, kHashBitsMax));
  } else {
    return InvalidArgument("no entry ", QuoteText(entry), " in how data is read");
  }
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> DescribeReadSpec(const ReadSpec& spec) {
  std::vector<std::pair<std::string, std::string>> options;
  for (auto& [entry, value] : EntriesOf(spec)) {
    if (entry == "file-column" || entry == "header" || entry == "cross-field") continue;
    if (entry == "fields" || entry == "field-starts") continue;
    if (entry == "column" && spec.header) continue;  // The files say it.
    if (entry == "column") entry = "columns";
    const bool names = entry == "columns" || entry == "numeric" || entry == "ignore";
    const bool repeats = entry == "multi" || entry == "derive" || entry == "cross";
    if ((names || repeats) && !options.empty() && options.back().first == entry) {
      options.back().second += (names ? "," : "\n") + value;
    } else {
      options.emplace_back(std::move(entry), std::move(value));
    }
  }
  return options;
}

std::string FormatCross(const std::vector<std::string>& cross) {
  std::string text = cross.empty() ? "" : cross.front();
  for (size_t i = 1; i < cross.size(); ++i) text += "*" + cross[i];
  return text;
}

std::string ColumnsHint(std::string_view wanted, std::span<const std::string> columns) {
  std::string hint;
  const std::string close = ClosestColumn(wanted, columns);
  if (!close.empty()) hint = Concat("; did you mean ", QuoteText(close), "?");
  hint += hint.empty() ? "; the columns are: " : " The columns are: ";
  const size_t shown = std::min(columns.size(), kColumnsShownMax);
  for (size_t i = 0; i < shown; ++i) {
    const bool cut = columns[i].size() > kNameShownMax;
    hint += Concat(i == 0 ? "" : ", ", columns[i].substr(0, kNameShownMax), cut ? "..." : "");
  }
  if (shown < columns.size()) hint += Concat(", ... (", columns.size(), " in all)");
  return hint;
}

}  // namespace cairn
