#include "train/data_format.h"

#include <algorithm>
#include <array>

#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"
#include "train/bad_row.h"

namespace cairn {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"libsvm", "libffm", "idx", "csv", "criteo"};

// Label, 13 counts, 26 categories, a tab between each.
constexpr ptrdiff_t kCriteoTabs = 39;
constexpr size_t kCriteoCounts = 13;

bool IsWhole(std::string_view text) { return ParseU64(text).ok(); }
bool IsNumber(std::string_view text) { return ParseDouble(text).ok(); }

std::string_view CutAt(char separator, std::string_view* text) {
  const std::string_view piece = text->substr(0, text->find(separator));
  text->remove_prefix(std::min(piece.size() + 1, text->size()));
  return piece;
}

bool LooksLikeCriteo(std::string_view line) {
  if (std::count(line.begin(), line.end(), '\t') != kCriteoTabs) return false;
  if (!IsNumber(CutAt('\t', &line))) return false;
  for (size_t i = 0; i < kCriteoCounts; ++i) {
    const std::string_view count = CutAt('\t', &line);
    if (!count.empty() && !IsNumber(count)) return false;
  }
  return true;
}

// "label index:value ..." or "label field:index:value ...": none if it is not a row of the kind, or
// says nothing because it has no feature. Cells of csv may hold blanks and colons, as times do.
std::optional<DataFormat> TellByFeature(std::string_view line, char delimiter) {
  std::string_view rest = TrimBlanks(line.substr(0, line.find('#')));
  const size_t label_end = rest.find_first_of(" \t");
  if (label_end == rest.npos) return std::nullopt;
  const std::string_view label = rest.substr(0, label_end);
  rest = TrimBlanks(rest.substr(label_end));
  std::string_view feature = rest.substr(0, rest.find_first_of(" \t"));
  const bool blank = delimiter == ' ' || delimiter == '\t';
  if (!blank && (label.find(delimiter) != label.npos || feature.find(delimiter) != feature.npos)) {
    return std::nullopt;
  }
  const auto colons = std::count(feature.begin(), feature.end(), ':');
  if (colons < 1 || colons > 2) return std::nullopt;
  const std::string_view first = CutAt(':', &feature);
  if (!IsWhole(first) && first != "qid") return std::nullopt;
  if (colons == 2 && !IsWhole(CutAt(':', &feature))) return std::nullopt;
  return colons == 2 ? DataFormat::kLibffm : DataFormat::kLibsvm;
}

// A row of libsvm or libffm that has no features.
bool IsOnlyLabel(std::string_view line) {
  std::string_view label = TrimBlanks(line.substr(0, line.find('#')));
  if (label.empty()) return true;
  const std::string_view number = CutAt(':', &label);
  return IsNumber(number) && (label.empty() || IsNumber(label));
}

}  // namespace

std::string_view FormatName(DataFormat format) { return kNames[static_cast<size_t>(format)]; }

absl::StatusOr<std::optional<DataFormat>> ParseFormat(std::string_view name) {
  if (name == "auto") return std::nullopt;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<DataFormat>(i);
  }
  return InvalidArgument("--format ", QuoteText(name),
                         ": auto, libsvm, libffm, csv, criteo or idx");
}

absl::StatusOr<DataFormat> DetectFormat(std::string_view text, char delimiter) {
  while (!text.empty()) {
    const std::string_view line = CutAt('\n', &text);
    if (LooksLikeCriteo(line)) return DataFormat::kCriteo;
    if (const auto format = TellByFeature(line, delimiter)) return *format;
    if (line.find(delimiter) != line.npos) return DataFormat::kCsv;
    if (IsOnlyLabel(line)) continue;
    return InvalidArgument(
        "the data is in no format that is known: ", QuoteText(TrimBlanks(line)),
        " is neither libsvm (label index:value ...) nor libffm (label field:index:value ...), "
        "Criteo (label, 13 counts and 26 categories between tabs) or csv (cells with commas "
        "between them; --delimiter names another separator)");
  }
  return InvalidArgument("cannot tell the data format: no row with features at its beginning");
}

}  // namespace cairn
