#include "base/option_spec.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/status/statusor.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"
#include "base/units.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

std::string JoinChoices(const std::vector<std::string>& choices) {
  std::string joined;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) joined += i + 1 < choices.size() ? ", " : " or ";
    joined += choices[i];
  }
  return joined;
}

std::string Range(const OptionSpec::Counts& counts) {
  const bool open = counts.max == std::numeric_limits<uint64_t>::max();
  if (!open) return Concat(HumanCount(counts.min), " to ", HumanCount(counts.max));
  return counts.min == 0 ? "" : Concat("at least ", HumanCount(counts.min));
}

// Large limits are round, and read as counts.
std::string Limit(double value) {
  const bool is_whole = value >= 1'000 && value < 1e18 && value == std::floor(value);
  return is_whole ? HumanCount(static_cast<uint64_t>(value)) : FormatFloat9(value);
}

std::string Range(const OptionSpec::Reals& reals) {
  const std::string from = Limit(reals.min);
  if (reals.max == std::numeric_limits<double>::infinity()) {
    return reals.min_is_legal ? Concat("at least ", from) : Concat("above ", from);
  }
  const char* const below = reals.min_is_legal ? "" : "above ";
  return Concat(below, from, " to ", Limit(reals.max));
}

std::string_view Noun(Kind kind) {
  switch (kind) {
    case Kind::kCount:
      return "a whole number";
    case Kind::kPowerOfTwo:
      return "a power of two";
    case Kind::kReal:
      return "a number";
    case Kind::kSwitch:
      return "true or false";
    default:
      return "";
  }
}

bool IsLegalCount(const OptionSpec& spec, std::string_view value) {
  const absl::StatusOr<uint64_t> count = ParseU64(value);
  if (!count.ok() || *count < spec.counts.min || *count > spec.counts.max) return false;
  return spec.kind == Kind::kCount || std::has_single_bit(*count);
}

// Beyond all counts, which no limit of its own says.
std::string TooLarge(const OptionSpec& spec, std::string_view value) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  const bool is_count = spec.kind == Kind::kCount || spec.kind == Kind::kPowerOfTwo;
  const bool is_whole = !value.empty() && value.find_first_not_of("0123456789") == value.npos;
  if (!is_count || spec.counts.max != kMost || !is_whole || ParseU64(value).ok()) return "";
  return Concat(", at most ", HumanCount(kMost));
}

bool IsLegalReal(const OptionSpec& spec, std::string_view value) {
  const absl::StatusOr<double> real = ParseDouble(value);
  if (!real.ok() || *real < spec.reals.min || *real > spec.reals.max) return false;
  return spec.reals.min_is_legal || *real != spec.reals.min;
}

}  // namespace

const OptionSpec* ClosestOption(std::string_view name, std::span<const OptionSpec> specs) {
  std::string wanted(name);
  std::replace(wanted.begin(), wanted.end(), '_', '-');
  std::vector<std::string> names;
  for (const OptionSpec& spec : specs) {
    const auto& others = spec.other_names;
    if (std::find(others.begin(), others.end(), wanted) != others.end()) return &spec;
    names.emplace_back(spec.name);
  }
  const std::string guess = ClosestWord(wanted, names);
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const OptionSpec& spec) { return spec.name == guess; });
  return found == specs.end() ? nullptr : &*found;
}

std::string LegalValues(const OptionSpec& spec) {
  switch (spec.kind) {
    case Kind::kSwitch:
    case Kind::kText:
    case Kind::kTexts:
      return "";
    case Kind::kChoice:
      return JoinChoices(spec.choices);
    case Kind::kCount:
    case Kind::kPowerOfTwo:
      return Range(spec.counts);
    case Kind::kReal:
      return Range(spec.reals);
  }
  return "";
}

std::string DescribeLegalValues(const OptionSpec& spec) {
  const std::string_view noun = Noun(spec.kind);
  if (spec.kind == Kind::kReal && !spec.reals.min_is_legal) {
    const bool open = spec.reals.max == std::numeric_limits<double>::infinity();
    return Concat(noun, " above ", Limit(spec.reals.min), open ? "" : ", at most ",
                  open ? "" : Limit(spec.reals.max));
  }
  const std::string legal = LegalValues(spec);
  if (spec.kind == Kind::kCount && legal.empty()) return Concat(noun, " of 0 or more");
  return Concat(noun, noun.empty() || legal.empty() ? "" : ", ", legal);
}

absl::Status CheckOptionValue(const OptionSpec& spec, std::string_view label,
                              std::string_view value) {
  bool legal = true;
  switch (spec.kind) {
    case Kind::kSwitch:
      legal = value == "true" || value == "false";
      break;
    case Kind::kText:
    case Kind::kTexts:
      if (value.empty()) return InvalidArgument(label, ": the value is empty");
      if (spec.check == nullptr) return absl::OkStatus();
      return Annotate(spec.check(value), label);
    case Kind::kChoice:
      legal = std::find(spec.choices.begin(), spec.choices.end(), value) != spec.choices.end();
      break;
    case Kind::kCount:
    case Kind::kPowerOfTwo:
      legal = IsLegalCount(spec, value);
      break;
    case Kind::kReal:
      legal = IsLegalReal(spec, value);
      break;
  }
  if (legal) return absl::OkStatus();
  const std::string guess = ClosestWord(value, spec.choices);
  return InvalidArgument(label, " ", Quoted(value), ": must be ", DescribeLegalValues(spec),
                         TooLarge(spec, value),
                         guess.empty() ? "" : Concat("; did you mean ", guess, "?"));
}

}  // namespace cairn
