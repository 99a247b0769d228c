#include "train/feature_key.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/numbers.h"
#include "base/status.h"
#include "train/bad_row.h"
#include "train/column_plan.h"
#include "train/read_spec.h"

namespace cairn {
namespace {

// Of columns and derived columns, whether they are features or only parts of a cross.
std::vector<std::string> NamesOf(const DataDefinition& data) {
  std::vector<std::string> names = data.read.columns;
  if (data.format == DataFormat::kCriteo) names = CriteoColumns();
  for (const DerivedColumn& column : data.read.derived) names.push_back(column.name);
  return names;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "country=US", or "price" for numbers.
absl::StatusOr<Key> KeyOfValue(const DataDefinition& data, std::string_view text) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string name(text.substr(0, equals));
  const std::vector<std::string> names = NamesOf(data);
  if (!Contains(names, name)) {
    return InvalidArgument("no column is called ", QuoteText(name), ColumnsHint(name, names));
  }
  const bool number = Contains(data.read.numeric, name);
  if (number) return HashString(name);
  if (equals == text.size()) {
    return InvalidArgument("column ", QuoteText(name), " has a feature for each value: ", name,
                           "=VALUE");
  }
  return HashWords(HashString(name), HashString(text.substr(equals + 1)));
}

// The values of a cross's parts, if `text` is "a=...*b=..." for these parts; else none. A value may
// hold a '*' as long as no part's name and '=' follow it.
std::vector<std::string_view> PartsOf(std::string_view text,
                                      const std::vector<std::string>& cross) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t i = 0; i < cross.size(); ++i) {
    const std::string_view rest = text.substr(begin);
    if (!rest.starts_with(cross[i])) return {};
    const std::string next = i + 1 < cross.size() ? "*" + cross[i + 1] : "";
    const size_t end = next.empty() ? rest.size() : rest.find(next);
    if (end == rest.npos) return {};
    parts.push_back(rest.substr(0, end));
    begin += end + 1;
  }
  return parts;
}

absl::StatusOr<Key> WholeKey(const DataDefinition& data, std::string_view feature) {
  if (!HasColumns(data.format)) {
    const absl::StatusOr<uint64_t> index = ParseU64(feature);
    if (index.ok()) return *index;
    return InvalidArgument("a feature of ", FormatName(data.format),
                           " is the number of its index, not ", QuoteText(feature));
  }
  for (const std::vector<std::string>& cross : data.read.crosses) {
    const std::vector<std::string_view> parts = PartsOf(feature, cross);
    if (parts.empty()) continue;
    Key key = HashString(FormatCross(cross));
    for (const std::string_view part : parts) {
      CAIRN_ASSIGN_OR_RETURN(const Key of_part, KeyOfValue(data, part));
      key = HashWords(key, of_part);
    }
    return key;
  }
  return KeyOfValue(data, feature);
}

}  // namespace

absl::StatusOr<Key> KeyOfFeature(const DataDefinition& data, std::string_view feature) {
  CAIRN_ASSIGN_OR_RETURN(const Key key, WholeKey(data, feature));
  return ReduceKey(key, data.read.hash_bits);
}

}  // namespace cairn
