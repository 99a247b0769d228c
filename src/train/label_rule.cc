#include "train/label_rule.h"

#include <array>
#include <cmath>

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"
#include "train/bad_row.h"

namespace cairn {
namespace {

struct Sign {
  std::string_view text;
  Comparison comparison;
};
// Longer ones first: ">=" begins with ">".
constexpr std::array<Sign, 6> kSigns = {{{"==", Comparison::kEqual},
                                         {"!=", Comparison::kNotEqual},
                                         {"<=", Comparison::kLessEqual},
                                         {">=", Comparison::kGreaterEqual},
                                         {"<", Comparison::kLess},
                                         {">", Comparison::kGreater}}};

template <typename T>
bool Holds(Comparison comparison, const T& a, const T& b) {
  switch (comparison) {
    case Comparison::kNone:
      return false;
    case Comparison::kEqual:
      return a == b;
    case Comparison::kNotEqual:
      return a != b;
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    case Comparison::kGreaterEqual:
      return a >= b;
  }
  return false;
}

std::string OutsideText(uint32_t classes) {
  return Concat("label is not one of the ", classes, " classes 0 .. ",
                classes == 0 ? 0 : classes - 1, " (--classes N: there are more): ");
}

bool IsTextual(Comparison comparison) {
  return comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
}

}  // namespace

absl::StatusOr<LabelRule> ParseLabelRule(std::string_view text) {
  LabelRule rule;
  const size_t at = text.find_first_of("<>=!");
  rule.column = std::string(TrimBlanks(text.substr(0, at)));
  if (at == text.npos) {
    if (rule.column.empty()) return InvalidArgument(QuoteText(text), ": no column is named");
    return rule;
  }
  const std::string_view rest = text.substr(at);
  for (const Sign& sign : kSigns) {
    if (!rest.starts_with(sign.text)) continue;
    rule.comparison = sign.comparison;
    rule.value = std::string(TrimBlanks(rest.substr(sign.text.size())));
    break;
  }
  if (rule.comparison == Comparison::kNone) {
    return InvalidArgument(
        QuoteText(text), ", column ", at + 1,
        ": expected one of < <= > >= == !=", rest[0] == '=' ? "; did you mean ==?" : "");
  }
  if (rule.value.empty()) {
    return InvalidArgument(QuoteText(text), ", column ", text.size() + 1,
                           ": expected what to compare with");
  }
  if (!IsTextual(rule.comparison) && !ParseDouble(rule.value).ok()) {
    return InvalidArgument(QuoteText(text), ", column ", text.rfind(rule.value) + 1,
                           ": not a finite number: ", QuoteText(rule.value),
                           "; only == and != compare texts");
  }
  return rule;
}

std::string FormatLabelRule(const LabelRule& rule) {
  for (const Sign& sign : kSigns) {
    if (sign.comparison == rule.comparison) return Concat(rule.column, sign.text, rule.value);
  }
  return rule.column;
}

LabelReader::LabelReader(const LabelRule& rule, LabelKind kind)
    : comparison_(rule.comparison),
      kind_(kind),
      classes_(rule.classes),
      outside_(OutsideText(rule.classes)),
      text_(rule.value) {
  if (comparison_ == Comparison::kNone) return;
  const absl::StatusOr<double> number = ParseDouble(text_);
  compares_numbers_ = number.ok();
  CAIRN_CHECK(compares_numbers_ || IsTextual(comparison_), "not a rule that was parsed");
  if (compares_numbers_) number_ = *number;
}

const char* LabelReader::Read(std::string_view token, float* label) const {
  *label = 0;
  if (kind_ == LabelKind::kIgnored) return nullptr;
  if (comparison_ != Comparison::kNone && !compares_numbers_) {
    *label = Holds(comparison_, token, std::string_view(text_)) ? 1 : 0;
    return nullptr;
  }
  token = TrimBlanks(token);
  if (comparison_ != Comparison::kNone) {
    const absl::StatusOr<double> number = ParseDouble(token);
    if (!number.ok()) return "label is not a finite number: ";
    *label = Holds(comparison_, *number, number_) ? 1 : 0;
    return nullptr;
  }
  const absl::StatusOr<float> number = ParseFloat(token);
  if (!number.ok() || !std::isfinite(*number)) return "label is not a finite number: ";
  *label = kind_ == LabelKind::kBinary && *number == -1 ? 0 : *number;
  if (kind_ == LabelKind::kBinary && *label != 0 && *label != 1) {
    return "label of two classes must be 0 or 1, or -1 or +1, not ";
  }
  if (kind_ != LabelKind::kClass) return nullptr;
  const bool is_class =
      *label >= 0 && *label < static_cast<float>(classes_) && *label == std::floor(*label);
  if (!is_class) return outside_.c_str();
  return nullptr;
}

}  // namespace cairn
