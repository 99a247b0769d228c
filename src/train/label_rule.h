// What a row's label is: a number as it stands, or whether a comparison holds. Immutable after
// construction, so thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

enum class LabelKind : uint8_t {
  kAny,      // As written.
  kBinary,   // 0 and 1, or -1 and +1, which become 0 and 1; any other makes a bad row.
  kClass,    // A whole number below LabelRule::classes; any other makes a bad row.
  kIgnored,  // Nobody asks: every label is 0, and columns of data may lack theirs.
};

enum class Comparison : uint8_t {
  kNone,  // The label is the number.
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
};

// "delay>15": column, comparison, value; "click": the column only; ">4": of the format's own label.
struct LabelRule {
  std::string column;  // "": the format's own label, or the default column.
  Comparison comparison = Comparison::kNone;
  std::string value;     // A number; of kEqual and kNotEqual it may be any text.
  uint32_t classes = 0;  // For LabelKind::kClass. Of no text that a user writes.

  bool operator==(const LabelRule&) const = default;
};

// kInvalidArgument says which column of the text is wrong.
absl::StatusOr<LabelRule> ParseLabelRule(std::string_view text);
std::string FormatLabelRule(const LabelRule& rule);

class LabelReader {
 public:
  // CHECKs that the rule is one that ParseLabelRule gives.
  LabelReader(const LabelRule& rule, LabelKind kind);

  bool compares() const { return comparison_ != Comparison::kNone; }

  // The label that `token` stands for. Returns null, or what is wrong, to be followed by the token.
  const char* Read(std::string_view token, float* label) const;

 private:
  const Comparison comparison_;
  const LabelKind kind_;
  const uint32_t classes_;
  const std::string outside_;  // What is said of a label that is no class.
  const std::string text_;
  bool compares_numbers_ = false;
  double number_ = 0;
};

}  // namespace cairn
