#include "base/option_parser.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
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

std::string Range(const OptionSpec::Reals& reals) {
  const std::string from = FormatFloat9(reals.min);
  if (reals.max == std::numeric_limits<double>::infinity()) {
    return reals.min_is_legal ? Concat("at least ", from) : Concat("above ", from);
  }
  const char* const below = reals.min_is_legal ? "" : "above ";
  return Concat(below, from, " to ", FormatFloat9(reals.max));
}

// What comes before LegalValues in "must be ...".
std::string_view Noun(Kind kind) {
  switch (kind) {
    case Kind::kCount:
      return "a whole number";
    case Kind::kPowerOfTwo:
      return "a power of two";
    case Kind::kReal:
      return "a number";
    default:
      return "";
  }
}

absl::Status BadValue(const OptionSpec& spec, std::string_view value) {
  const std::string_view noun = Noun(spec.kind);
  const std::string legal = LegalValues(spec);
  const std::string guess = ClosestWord(value, spec.choices);
  return InvalidArgument("--", spec.name, " \"", value, "\": must be ", noun,
                         noun.empty() || legal.empty() ? "" : ", ", legal,
                         guess.empty() ? "" : Concat("; did you mean ", guess, "?"));
}

bool IsLegalCount(const OptionSpec& spec, std::string_view value) {
  const absl::StatusOr<uint64_t> count = ParseU64(value);
  if (!count.ok() || *count < spec.counts.min || *count > spec.counts.max) return false;
  return spec.kind == Kind::kCount || std::has_single_bit(*count);
}

bool IsLegalReal(const OptionSpec& spec, std::string_view value) {
  const absl::StatusOr<double> real = ParseDouble(value);
  if (!real.ok() || *real < spec.reals.min || *real > spec.reals.max) return false;
  return spec.reals.min_is_legal || *real != spec.reals.min;
}

absl::Status CheckValue(const OptionSpec& spec, std::string_view value) {
  bool legal = true;
  switch (spec.kind) {
    case Kind::kSwitch:
      return InvalidArgument("--", spec.name, " takes no value");
    case Kind::kText:
    case Kind::kTexts:
      if (value.empty()) return InvalidArgument("--", spec.name, ": the value is empty");
      if (spec.check == nullptr) return absl::OkStatus();
      return Annotate(spec.check(value), "--", spec.name);
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
  return legal ? absl::OkStatus() : BadValue(spec, value);
}

bool LooksLikeOption(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-';
}

}  // namespace

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

const OptionValues::Value& OptionValues::Find(std::string_view name) const {
  const auto found = values_.find(name);
  CAIRN_CHECK(found != values_.end(), Concat("no option --", name));
  return found->second;
}

bool OptionValues::IsGiven(std::string_view name) const { return Find(name).given; }

std::string OptionValues::Text(std::string_view name) const {
  const Value& value = Find(name);
  CAIRN_CHECK(value.kind == Kind::kText || value.kind == Kind::kChoice);
  return value.texts.empty() ? "" : value.texts[0];
}

const std::vector<std::string>& OptionValues::Texts(std::string_view name) const {
  const Value& value = Find(name);
  CAIRN_CHECK(value.kind == Kind::kTexts);
  return value.texts;
}

uint64_t OptionValues::Count(std::string_view name, uint64_t otherwise) const {
  const Value& value = Find(name);
  CAIRN_CHECK(value.kind == Kind::kCount || value.kind == Kind::kPowerOfTwo);
  return value.texts.empty() ? otherwise : *ParseU64(value.texts[0]);
}

double OptionValues::Real(std::string_view name, double otherwise) const {
  const Value& value = Find(name);
  CAIRN_CHECK(value.kind == Kind::kReal);
  return value.texts.empty() ? otherwise : *ParseDouble(value.texts[0]);
}

// One pass over the arguments.
class OptionParser {
 public:
  OptionParser(std::span<const OptionSpec> specs, std::span<const std::string> arguments)
      : specs_(specs), arguments_(arguments) {
    for (const OptionSpec& spec : specs) values_.values_[std::string(spec.name)].kind = spec.kind;
  }

  absl::StatusOr<OptionValues> Parse() {
    while (next_ < arguments_.size()) CAIRN_RETURN_IF_ERROR(ParseOne(arguments_[next_++]));
    for (const OptionSpec& spec : specs_) CAIRN_RETURN_IF_ERROR(FillIn(spec));
    return std::move(values_);
  }

 private:
  absl::Status ParseOne(std::string_view argument) {
    if (!LooksLikeOption(argument)) {
      return InvalidArgument("unexpected argument \"", argument, "\": every value has a --name");
    }
    if (!argument.starts_with("--")) return Unknown(argument);
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& candidate) {
      return candidate.name == name.substr(2);
    });
    if (spec == specs_.end()) return Unknown(name);
    OptionValues::Value& value = values_.values_.find(spec->name)->second;
    if (value.given && spec->kind != Kind::kTexts) return InvalidArgument(name, " is given twice");
    value.given = true;
    if (equals != argument.npos) return Add(*spec, argument.substr(equals + 1), &value);
    return spec->kind == Kind::kSwitch ? absl::OkStatus() : TakeValues(*spec, &value);
  }

  // The arguments behind "--name", up to the next option for a list.
  absl::Status TakeValues(const OptionSpec& spec, OptionValues::Value* value) {
    const bool is_list = spec.kind == Kind::kTexts;
    const size_t first = next_;
    const auto is_value = [&](const std::string& argument) {
      // A single value may be negative: what is wrong with "-1" is said by its range.
      return is_list ? !LooksLikeOption(argument) : !argument.starts_with("--");
    };
    while (next_ < arguments_.size() && is_value(arguments_[next_])) {
      CAIRN_RETURN_IF_ERROR(Add(spec, arguments_[next_++], value));
      if (!is_list) break;
    }
    if (next_ == first) return InvalidArgument("--", spec.name, " needs a value: ", spec.metavar);
    return absl::OkStatus();
  }

  static absl::Status Add(const OptionSpec& spec, std::string_view text,
                          OptionValues::Value* value) {
    CAIRN_RETURN_IF_ERROR(CheckValue(spec, text));
    value->texts.emplace_back(text);
    return absl::OkStatus();
  }

  absl::Status FillIn(const OptionSpec& spec) {
    OptionValues::Value& value = values_.values_.find(spec.name)->second;
    if (value.given) return absl::OkStatus();
    if (spec.required) return InvalidArgument("--", spec.name, " ", spec.metavar, " is missing");
    if (!spec.fallback.empty()) value.texts.emplace_back(spec.fallback);
    return absl::OkStatus();
  }

  absl::Status Unknown(std::string_view name) const {
    std::vector<std::string> known;
    for (const OptionSpec& spec : specs_) known.push_back(Concat("--", spec.name));
    const std::string guess = ClosestWord(name, known);
    return InvalidArgument(
        "unknown option ", name, "; ",
        guess.empty() ? "--help lists all" : Concat("did you mean ", guess, "?"));
  }

  const std::span<const OptionSpec> specs_;
  const std::span<const std::string> arguments_;
  size_t next_ = 0;
  OptionValues values_;
};

absl::StatusOr<OptionValues> ParseOptions(std::span<const OptionSpec> specs,
                                          std::span<const std::string> arguments) {
  return OptionParser(specs, arguments).Parse();
}

bool WantsHelp(std::span<const std::string> arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

}  // namespace cairn
