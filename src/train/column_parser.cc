#include "train/column_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/numbers.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr float kFloatMax = std::numeric_limits<float>::max();
constexpr size_t kDecimalBytesMax = 20;  // "-9223372036854775808"

Key CategoryKey(uint64_t column_hash, std::string_view text) {
  return HashWords(column_hash, HashString(text));
}

Key CategoryKey(uint64_t column_hash, int64_t value) {
  std::array<char, kDecimalBytesMax> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return CategoryKey(column_hash, {digits.data(), static_cast<size_t>(end - digits.data())});
}

bool ParseWhole(std::string_view text, int64_t* value) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && at == end;
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

}  // namespace

// ---- Lines to cells ---------------------------------------------------------------------------

const char* CellSplitter::Split(std::string_view line, const char** bad_at) {
  cells_.clear();
  unescaped_.clear();
  // Views into it must stay where they are.
  if (unescaped_.capacity() < line.size()) unescaped_.reserve(line.size());
  const char* at = line.data();
  const char* const end = at + line.size();
  while (true) {
    const char* cell_end = at;
    if (quotes_ && at != end && *at == '"') {
      *bad_at = at;
      if (const char* what = SplitQuoted(at, end, &cell_end)) return what;
    } else {
      while (cell_end != end && *cell_end != delimiter_) ++cell_end;
      cells_.push_back({at, {at, static_cast<size_t>(cell_end - at)}});
    }
    if (cell_end == end) return nullptr;
    if (*cell_end != delimiter_) {
      *bad_at = cell_end;
      return "expected the end of the cell behind its closing quote, found ";
    }
    at = cell_end + 1;
  }
}

const char* CellSplitter::SplitQuoted(const char* at, const char* end, const char** cell_end) {
  const char* const begin = at++;
  const size_t copied = unescaped_.size();
  while (true) {
    const auto* quote =
        static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
    if (quote == nullptr) {
      return "a quoted cell must end on its line, here it does not: ";
    }
    unescaped_.append(at, quote);
    at = quote + 1;
    if (at == end || *at != '"') break;
    unescaped_ += '"';
    ++at;
  }
  cells_.push_back({begin, std::string_view(unescaped_).substr(copied)});
  *cell_end = at;
  return nullptr;
}

bool IsMissingNumber(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != 'n' && text[0] != 'N' && text[0] != '\\') return false;
  return EqualsIgnoringCase(text, "na") || EqualsIgnoringCase(text, "nan") ||
         EqualsIgnoringCase(text, "null") || text == "\\N";
}

absl::StatusOr<std::vector<std::string>> ParseHeader(std::string_view line, char delimiter) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  CellSplitter splitter(delimiter, true);
  const char* bad_at = nullptr;
  if (const char* what = splitter.Split(line, &bad_at)) {
    return InvalidArgument("column ", bad_at - line.data() + 1, ": ", what,
                           QuoteText(line.substr(static_cast<size_t>(bad_at - line.data()))));
  }
  std::vector<std::string> names;
  for (const CellSplitter::Cell& cell : splitter.cells()) {
    const std::string_view name = TrimBlanks(cell.text);
    names.push_back(name.empty() ? Concat("column", names.size() + 1) : std::string(name));
  }
  return names;
}

// ---- Rows -------------------------------------------------------------------------------------

ColumnParser::ColumnParser(ColumnPlan plan, const LabelRule& rule, LabelKind kind,
                           uint32_t hash_bits)
    : plan_(std::move(plan)),
      labels_(rule, kind),
      kind_(kind),
      hash_bits_(hash_bits),
      splitter_(plan_.delimiter, plan_.quotes),
      times_(plan_.times),
      time_read_(plan_.times),
      derived_(plan_.derived.size()),
      begins_(plan_.keyed.size() + 1) {
  CAIRN_CHECK(kind == LabelKind::kIgnored || plan_.label != ColumnPlan::kNone);
}

ParseResult ColumnParser::Parse(std::string_view text, RowBatch* batch) {
  CAIRN_CHECK(batch->offsets.size() == batch->rows() + 1);
  batch_ = batch;
  result_ = {};
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, newline - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !ParseRow(line)) {
      ++result_.bad_rows;
      if (!result_.first_bad_row) {
        const auto column = static_cast<size_t>(bad_at_ - line.data());
        result_.first_bad_row = BadRow{begin + column, column + 1, bad_what_};
      }
    }
    begin = newline + 1;
  }
  batch->bad_rows += result_.bad_rows;
  return std::move(result_);
}

bool ColumnParser::ParseRow(std::string_view line) {
  const char* at = nullptr;
  if (const char* what = splitter_.Split(line, &at)) {
    return Fail(at, what, line.substr(static_cast<size_t>(at - line.data())));
  }
  const size_t found = splitter_.cells().size();
  if (found != plan_.cells.size()) {
    const char* const end = line.data() + line.size();
    return Fail(found < plan_.cells.size() ? end : splitter_.cells()[plan_.cells.size()].begin,
                Concat("expected ", plan_.cells.size(), " cells in the row, found ", found, ": "),
                line);
  }
  if (!ReadLabelAndWeight() || !ReadDerived() || !ReadKeyed() || !CheckFeatureCount()) return false;
  Emit();
  return true;
}

bool ColumnParser::ReadLabelAndWeight() {
  if (kind_ == LabelKind::kIgnored) return true;
  if (const char* what = labels_.Read(TextOf(plan_.label), &label_)) {
    FailCell(plan_.label, what);
    if (!result_.first_bad_row) bad_what_ += LabelAdvice();
    return false;
  }
  if (plan_.weight == ColumnPlan::kNone) return true;
  const absl::StatusOr<float> weight = ParseFloat(TrimBlanks(TextOf(plan_.weight)));
  if (!weight.ok() || !(*weight >= 0)) {
    return FailCell(plan_.weight, "weight is not a finite number of 0 or more: ");
  }
  weight_ = *weight;
  return true;
}

// Behind what is wrong with the label: what was probably meant.
std::string ColumnParser::LabelAdvice() const {
  const std::string& column = plan_.cells[plan_.label];
  const std::string_view text = TrimBlanks(TextOf(plan_.label));
  if (text == column && plan_.named_by_option) {
    return "; the line looks like a header: leave it out, or --columns";
  }
  if (labels_.compares() || !ParseFloat(text).ok()) return "";
  return Concat("; compare it, as in --label '", column, ">0'");
}

// ---- Derived columns

bool ColumnParser::ReadDerived() {
  time_read_.assign(time_read_.size(), false);
  for (size_t i = 0; i < plan_.derived.size(); ++i) {
    const ColumnPlan::Derived& derived = plan_.derived[i];
    Number& result = derived_[i];
    if (IsOfTime(derived.function)) {
      if (!time_read_[derived.time] && !ReadTime(derived, i)) return false;
      const Number& time = times_[derived.time];
      result = {time.present, time.present ? PartOfTime(derived.function, time.value) : 0};
      continue;
    }
    double real = 0;
    if (!ReadNumber(derived, i, &real, &result)) return false;
    if (std::isnan(real)) continue;  // Missing.
    if (derived.function == DeriveFunction::kLog) {
      result = {true, LogBin(real, derived.parameter)};
    } else if (result.present) {
      result.value = FloorDiv(result.value, derived.parameter);
    } else {
      const std::optional<int64_t> quotient = FloorDiv(real, derived.parameter);
      if (!quotient) {
        return FailCell(CellBehind(derived.source),
                        Concat(plan_.derived_texts[i], ": too large a number: "));
      }
      result = {true, *quotient};
    }
  }
  return true;
}

bool ColumnParser::ReadTime(const ColumnPlan::Derived& derived, size_t index) {
  Number& time = times_[derived.time];
  time_read_[derived.time] = true;
  std::optional<int64_t> seconds;
  if (IsDerived(derived.source)) {
    const Number& source = derived_[derived.source - plan_.cells.size()];
    time.present = source.present;
    seconds = TimeOfSeconds(source.value);
  } else {
    const std::string_view text = TrimBlanks(TextOf(derived.source));
    time.present = !IsMissingNumber(text);
    seconds = ParseTime(text);
  }
  if (time.present && !seconds) {
    return FailCell(CellBehind(derived.source), Concat(plan_.derived_texts[index],
                                                       ": not a time as 2001-01-31T23:59, nor "
                                                       "seconds since 1970: "));
  }
  time.value = seconds.value_or(0);
  return true;
}

// `real` is NaN if there is no number; `number` is present if it is a whole one.
bool ColumnParser::ReadNumber(const ColumnPlan::Derived& derived, size_t index, double* real,
                              Number* number) {
  *real = std::numeric_limits<double>::quiet_NaN();
  *number = {};
  if (IsDerived(derived.source)) {
    *number = derived_[derived.source - plan_.cells.size()];
    if (number->present) *real = static_cast<double>(number->value);
    return true;
  }
  const std::string_view text = TrimBlanks(TextOf(derived.source));
  if (IsMissingNumber(text)) return true;
  if (ParseWhole(text, &number->value)) {
    number->present = true;
    *real = static_cast<double>(number->value);
    return true;
  }
  const absl::StatusOr<double> parsed = ParseDouble(text);
  if (!parsed.ok()) {
    return FailCell(derived.source, Concat(plan_.derived_texts[index], ": not a finite number: "));
  }
  *real = *parsed;
  return true;
}

// ---- Keys

bool ColumnParser::ReadKeyed() {
  keys_.clear();
  values_.clear();
  for (size_t i = 0; i < plan_.keyed.size(); ++i) {
    begins_[i] = static_cast<uint32_t>(keys_.size());
    if (!ReadKeyed(plan_.keyed[i])) return false;
  }
  begins_.back() = static_cast<uint32_t>(keys_.size());
  return true;
}

bool ColumnParser::ReadKeyed(const ColumnPlan::Keyed& keyed) {
  if (IsDerived(keyed.slot)) {
    const Number& number = derived_[keyed.slot - plan_.cells.size()];
    if (!number.present) return true;
    if (keyed.use == ColumnPlan::Use::kNumber) {
      AddKey(keyed.hash, static_cast<float>(number.value));
    } else {
      AddKey(CategoryKey(keyed.hash, number.value), 1);
    }
    return true;
  }
  switch (keyed.use) {
    case ColumnPlan::Use::kCategory:
      if (!TextOf(keyed.slot).empty()) AddKey(CategoryKey(keyed.hash, TextOf(keyed.slot)), 1);
      return true;
    case ColumnPlan::Use::kMulti:
      for (std::string_view rest = TextOf(keyed.slot); !rest.empty();) {
        const size_t end = std::min(rest.find(keyed.separator), rest.size());
        if (end > 0) AddKey(CategoryKey(keyed.hash, rest.substr(0, end)), 1);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return true;
    case ColumnPlan::Use::kNumber:
      return ReadNumericCell(keyed);
    case ColumnPlan::Use::kCriteoBin:
      return ReadCriteoBin(keyed);
  }
  return true;
}

bool ColumnParser::ReadNumericCell(const ColumnPlan::Keyed& keyed) {
  const std::string_view text = TrimBlanks(TextOf(keyed.slot));
  if (IsMissingNumber(text)) return true;
  const absl::StatusOr<float> value = ParseFloat(text);
  if (!value.ok()) {
    return FailCell(keyed.slot, Concat("numeric column ", QuoteText(plan_.cells[keyed.slot]),
                                       " holds no finite number: "));
  }
  AddKey(keyed.hash, *value);
  return true;
}

bool ColumnParser::ReadCriteoBin(const ColumnPlan::Keyed& keyed) {
  const std::string_view text = TextOf(keyed.slot);
  if (text.empty()) return true;
  int64_t count = 0;
  if (!ParseWhole(text, &count)) {
    return FailCell(keyed.slot,
                    Concat("count ", plan_.cells[keyed.slot], " is not a whole number: "));
  }
  AddKey(CategoryKey(keyed.hash, CriteoBin(count)), 1);
  return true;
}

void ColumnParser::AddKey(Key key, float value) {
  keys_.push_back(key);
  values_.push_back(value);
}

uint64_t ColumnParser::CombinationsOf(const ColumnPlan::Cross& cross) const {
  uint64_t combinations = 1;
  for (uint32_t i = 0; i < cross.part_count; ++i) {
    const uint32_t part = cross.parts[i];
    // No overflow: at most 2^24 values of each of two parts, and then it is over the bound.
    combinations *= begins_[part + 1] - begins_[part];
    if (combinations > kRowFeaturesMax) return combinations;
  }
  return combinations;
}

bool ColumnParser::CheckFeatureCount() {
  uint64_t count = keys_.size();
  for (const ColumnPlan::Cross& cross : plan_.crosses) {
    count += CombinationsOf(cross);
    if (count > kRowFeaturesMax) break;
  }
  if (count > kRowFeaturesMax) {
    return Fail(splitter_.cells().front().begin,
                Concat("more than ", kRowFeaturesMax, " features and crosses in the row "), "");
  }
  if (batch_->features() + count <= std::numeric_limits<uint32_t>::max()) return true;
  return Fail(splitter_.cells().front().begin,
              "a batch of more than 2^32 features; take smaller batches ", "");
}

// ---- Features

void ColumnParser::Emit() {
  for (size_t i = 0; i < plan_.keyed.size(); ++i) {
    if (!plan_.keyed[i].is_feature) continue;
    for (uint32_t k = begins_[i]; k < begins_[i + 1]; ++k) {
      EmitFeature(keys_[k], values_[k], plan_.keyed[i].field);
    }
  }
  for (const ColumnPlan::Cross& cross : plan_.crosses) EmitCross(cross);
  batch_->AddRow(label_, weight_);
}

// Every combination of one value of each part, the last part's turning fastest. None if a part has
// no value.
void ColumnParser::EmitCross(const ColumnPlan::Cross& cross) {
  std::array<uint32_t, 4> at = {};
  for (uint32_t i = 0; i < cross.part_count; ++i) {
    at[i] = begins_[cross.parts[i]];
    if (at[i] == begins_[cross.parts[i] + 1]) return;
  }
  while (true) {
    Key key = cross.hash;
    float value = 1;
    for (uint32_t i = 0; i < cross.part_count; ++i) {
      key = HashWords(key, keys_[at[i]]);
      // Stays finite, whatever the parts: a feature must be.
      value = std::clamp(value * values_[at[i]], -kFloatMax, kFloatMax);
    }
    EmitFeature(key, value, cross.field);
    uint32_t turning = cross.part_count;
    while (turning > 0 && ++at[turning - 1] == begins_[cross.parts[turning - 1] + 1]) {
      at[turning - 1] = begins_[cross.parts[turning - 1]];
      --turning;
    }
    if (turning == 0) return;
  }
}

void ColumnParser::EmitFeature(Key key, float value, uint16_t field) {
  batch_->AddFeature(ReduceKey(key, hash_bits_), value);
  batch_->fields.push_back(field);
}

// ---- Complaints

// The cell that a slot's value comes from.
size_t ColumnParser::CellBehind(size_t slot) const {
  while (IsDerived(slot)) slot = plan_.derived[slot - plan_.cells.size()].source;
  return slot;
}

bool ColumnParser::FailCell(size_t cell, std::string_view what) {
  return Fail(splitter_.cells()[cell].begin, what, TextOf(cell));
}

bool ColumnParser::Fail(const char* at, std::string_view what, std::string_view token) {
  bad_at_ = at;
  // The words are made for the first bad row only: the others are just counted.
  if (!result_.first_bad_row) bad_what_ = Concat(what, QuoteText(token));
  return false;
}

}  // namespace cairn
