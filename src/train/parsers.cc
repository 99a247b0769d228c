#include "train/parsers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"
#include "train/digits.h"

namespace cairn {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "12", "0.5", "-1.25": a number of up to 7 digits, so below 2 ** 24, over a power of ten up to
// 10 ** 7. Both are floats without rounding, so their quotient is the float nearest to what is
// written. Returns where the number ends, at a blank or newline; null for anything else, which is
// left to ParseFloat. Reads at most kShortDecimalBytes.
constexpr ptrdiff_t kShortDecimalBytes = 1 + 8 + 1 + 8 + 1;
const char* ParseShortDecimal(const char* text, float* value) {
  static constexpr uint32_t kPowersOfTen[] = {1,      10,      100,       1'000,
                                              10'000, 100'000, 1'000'000, 10'000'000};
  const bool negative = *text == '-';
  text += negative ? 1 : 0;
  const EightDigits whole = ReadEightDigits(text);
  EightDigits decimals;
  text += whole.count;
  if (*text == '.') {
    decimals = ReadEightDigits(++text);
    text += decimals.count;
  }
  const uint32_t digits = whole.count + decimals.count;
  if (digits < 1 || digits > 7 || (*text != ' ' && *text != '\n')) return nullptr;
  const uint32_t scale = kPowersOfTen[decimals.count];
  const uint32_t mantissa = whole.value * scale + decimals.value;
  const float magnitude = static_cast<float>(mantissa) / static_cast<float>(scale);
  *value = negative ? -magnitude : magnitude;
  return text;
}

bool ParseNumber(std::string_view token, float* value) {
  const absl::StatusOr<float> parsed = ParseFloat(token);
  if (!parsed.ok() || !std::isfinite(*parsed)) return false;
  *value = *parsed;
  return true;
}

// Parses one text of one format. The features of the row being parsed lie behind those of the rows
// before it and count only when the row is complete.
template <DataFormat kFormat>
class LineParser {
 public:
  LineParser(const LineFormat& options, std::string_view text, RowBatch* batch)
      : labels_(options.rule == nullptr ? LabelRule{} : *options.rule, options.labels),
        field_max_(options.field_max),
        labels_are_plain_(options.rule == nullptr || options.rule->comparison == Comparison::kNone),
        text_(text.data()),
        end_(text.data() + text.size()),
        batch_(batch),
        features_(batch->keys.size()),
        features_max_(features_ + text.size() / kFeatureBytesMin + 1) {
    CAIRN_CHECK(features_max_ <= std::numeric_limits<uint32_t>::max());
    CAIRN_CHECK(batch->offsets.size() == batch->rows() + 1);
    batch_->keys.resize(features_max_);
    if (kHasFields) batch_->fields.resize(features_max_);
    if (!batch_->values.empty()) batch_->values.resize(features_max_);
    keys_ = batch_->keys.data();
    fields_ = batch_->fields.data();
    values_ = batch_->values.empty() ? nullptr : batch_->values.data();
  }

  ParseResult Parse() {
    for (const char* line = text_; line != end_;) {
      const char* line_end = ParseRow(line);
      if (line_end == nullptr) {
        NoteBadRow(line);
        line_end = bad_at_;
      }
      // A comment, or the rest of a bad row.
      line_end = static_cast<const char*>(
          std::memchr(line_end, '\n', static_cast<size_t>(end_ - line_end)));
      line = line_end == nullptr ? end_ : line_end + 1;
    }
    batch_->keys.resize(features_);
    if (kHasFields) batch_->fields.resize(features_);
    if (values_ != nullptr) batch_->values.resize(features_);
    batch_->bad_rows += result_.bad_rows;
    return std::move(result_);
  }

 private:
  // A field and an index of up to 8 digits, each with its colon; the last load goes 8 bytes on.
  static constexpr ptrdiff_t kShortIdsBytes = 9 + 9;
  static constexpr ptrdiff_t kShortFeatureBytes = 1 + kShortIdsBytes + kShortDecimalBytes;
  static constexpr bool kHasFields = kFormat == DataFormat::kLibffm;

  const char* SkipBlanks(const char* at) const {
    while (at != end_ && IsBlank(*at)) ++at;
    return at;
  }
  bool AtEndOfRow(const char* at) const {
    return at == end_ || *at == '\n' || (!kHasFields && *at == '#');
  }
  std::string_view Token(const char* at) const {
    const char* token_end = at;
    while (token_end != end_ && *token_end != '\n' && !IsBlank(*token_end)) ++token_end;
    return {at, static_cast<size_t>(token_end - at)};
  }

  // From a line's first byte to its newline, comment or the end of the text. Null: a bad row.
  const char* ParseRow(const char* at) {
    at = SkipBlanks(at);
    if (AtEndOfRow(at)) return at;
    float label;
    float weight = 1;
    at = ParseLabel(at, &label, &weight);
    if (at == nullptr) return nullptr;
    size_t feature = features_;
    while (true) {
      at = SkipBlanks(ParseShortFeatures(at, &feature));
      if (AtEndOfRow(at)) break;
      at = ParseFeature(at, feature++);
      if (at == nullptr) return nullptr;
    }
    features_ = feature;
    if (weight != 1 || !batch_->weights.empty()) StoreWeight(weight);
    batch_->labels.push_back(label);
    batch_->offsets.push_back(static_cast<uint32_t>(features_));
    return at;
  }

  const char* ParseLabel(const char* at, float* label, float* weight) {
    const std::string_view token = Token(at);
    if (labels_are_plain_ && (token == "0" || token == "1")) {
      *label = token == "1" ? 1 : 0;
      return at + 1;
    }
    const size_t colon = std::min(token.find(':'), token.size());
    if (colon != token.size()) {
      const std::string_view text = token.substr(colon + 1);
      if (text.find(':') != text.npos) return Fail(at, "expected a label, found ", token);
      if (!ParseNumber(text, weight) || *weight < 0) {
        return Fail(at + colon + 1, "weight is not a finite number of 0 or more: ", text);
      }
    }
    if (const char* what = labels_.Read(token.substr(0, colon), label)) {
      return Fail(at, what, token.substr(0, colon));
    }
    return at + token.size();
  }

  // Before its label is stored. All weights before this one were 1 if none was stored.
  void StoreWeight(float weight) {
    batch_->weights.resize(batch_->labels.size(), 1.0f);
    batch_->weights.push_back(weight);
  }

  // Stores the feature whose text begins at `at`, and returns where its text ends.
  const char* ParseFeature(const char* at, size_t feature) {
    CAIRN_DCHECK(feature < features_max_);
    const char* value_begin = at;
    if (end_ - at >= kShortIdsBytes && ParseShortIds(&value_begin, feature)) {
      const std::string_view value = Token(value_begin);
      if (StoreValue(value, feature)) return value_begin + value.size();
    }
    return ParseLongFeature(at, feature);
  }

  // The common case without its detours: features of short numbers, each behind one space. Stores
  // as many as there are, from `at` on, and returns where they end.
  const char* ParseShortFeatures(const char* at, size_t* feature) {
    const char* const last = end_ - std::min(end_ - at, kShortFeatureBytes);
    size_t next = *feature;
    for (; at < last && *at == ' '; ++next) {
      const char* text = at + 1;
      if (!ParseShortIds(&text, next)) break;
      float value = 1;
      if (text[0] == '1' && (text[1] == ' ' || text[1] == '\n')) {
        ++text;
      } else {
        text = ParseShortDecimal(text, &value);
        if (text == nullptr) break;
        if (values_ == nullptr && value != 1) StartValues(next);
      }
      if (values_ != nullptr) values_[next] = value;
      at = text;
    }
    *feature = next;
    return at;
  }

  // Numbers of at most 8 digits, each with its colon. Moves `at` behind the last colon. False: no
  // such numbers; the long way will find out what it is. Reads at most kShortIdsBytes.
  bool ParseShortIds(const char** at, size_t feature) {
    const char* text = *at;
    if constexpr (kHasFields) {
      // Digit by digit: fields repeat from row to row, so their lengths are foreseen and the next
      // load need not wait for a count.
      uint32_t value = 0;
      const char* const longest_end = text + 8;
      const char* const begin = text;
      while (text != longest_end && IsDigit(*text)) {
        value = 10 * value + static_cast<uint32_t>(*text++ - '0');
      }
      if (text == begin || *text != ':' || value > field_max_) return false;
      fields_[feature] = static_cast<uint16_t>(value);
      ++text;
    }
    const EightDigits digits = ReadEightDigits(text);
    text += digits.count;
    keys_[feature] = digits.value;
    *at = text + 1;
    return digits.count != 0 && *text == ':';
  }

  // The definition of what a feature is, with all the ways to be wrong.
  const char* ParseLongFeature(const char* at, size_t feature) {
    const std::string_view token = Token(at);
    const auto colons = std::count(token.begin(), token.end(), ':');
    if (token.starts_with("qid:")) return Fail(at, "ranking data is not supported: ", token);
    if (colons != (kHasFields ? 2 : 1)) {
      return Fail(
          at, kHasFields ? "expected field:index:value, found " : "expected index:value, found ",
          token);
    }
    if constexpr (kHasFields) {
      uint64_t field = 0;
      const char* const field_begin = at;
      at = ParseId(at, "field", kFieldMax, &field);
      if (at == nullptr) return nullptr;
      if (field > field_max_) {
        return Fail(field_begin,
                    Concat("field is above ", field_max_,
                           ", the highest that the model knows (cairn train --fields N): "),
                    std::string_view(field_begin, static_cast<size_t>(at - 1 - field_begin)));
      }
      fields_[feature] = static_cast<uint16_t>(field);
    }
    uint64_t key = 0;
    at = ParseId(at, "index", std::numeric_limits<uint64_t>::max(), &key);
    if (at == nullptr) return nullptr;
    keys_[feature] = key;
    const std::string_view value = Token(at);
    if (!StoreValue(value, feature)) return Fail(at, "value is not a finite number: ", value);
    return at + value.size();
  }

  // A number up to its colon, which is known to be there. Returns what is behind the colon.
  const char* ParseId(const char* at, std::string_view name, uint64_t id_max, uint64_t* id) {
    const char* colon = std::find(at, end_, ':');
    const std::string_view digits(at, static_cast<size_t>(colon - at));
    const auto [parsed_end, error] = std::from_chars(at, colon, *id);
    if (error == std::errc::result_out_of_range || (error == std::errc() && *id > id_max)) {
      return Fail(at, Concat(name, " is above ", id_max, ": "), digits);
    }
    if (error != std::errc() || parsed_end != colon) {
      return Fail(at, Concat(name, " is not a whole number: "), digits);
    }
    return colon + 1;
  }

  bool StoreValue(std::string_view token, size_t feature) {
    float value = 0;
    if (!ParseNumber(token, &value)) return false;
    if (values_ == nullptr && value != 1) StartValues(feature);
    if (values_ != nullptr) values_[feature] = value;
    return true;
  }

  // All values before this one were 1, so none of them was stored.
  void StartValues(size_t feature) {
    batch_->values.assign(features_max_, 0.0f);
    values_ = batch_->values.data();
    std::fill_n(values_, feature, 1.0f);
  }

  const char* Fail(const char* at, std::string_view what, std::string_view token) {
    bad_at_ = at;
    // The words are made for the first bad row only: the others are just counted.
    if (!result_.first_bad_row) bad_what_ = Concat(what, QuoteText(token));
    return nullptr;
  }
  void NoteBadRow(const char* line) {
    ++result_.bad_rows;
    if (result_.first_bad_row) return;
    result_.first_bad_row = BadRow{static_cast<size_t>(bad_at_ - text_),
                                   static_cast<size_t>(bad_at_ - line) + 1, bad_what_};
  }

  static constexpr uint64_t kFieldMax = std::numeric_limits<uint16_t>::max();

  const LabelReader labels_;
  const uint64_t field_max_;
  const bool labels_are_plain_;
  const char* const text_;
  const char* const end_;
  RowBatch* const batch_;

  size_t features_;  // Of complete rows.
  const size_t features_max_;
  Key* keys_;
  uint16_t* fields_;
  float* values_;  // Null as long as all values are 1.

  const char* bad_at_ = nullptr;
  std::string bad_what_;
  ParseResult result_;
};

}  // namespace

ParseResult ParseLines(const LineFormat& options, std::string_view text, RowBatch* batch) {
  if (options.format == DataFormat::kLibffm) {
    return LineParser<DataFormat::kLibffm>(options, text, batch).Parse();
  }
  CAIRN_CHECK(options.format == DataFormat::kLibsvm);
  return LineParser<DataFormat::kLibsvm>(options, text, batch).Parse();
}

}  // namespace cairn
