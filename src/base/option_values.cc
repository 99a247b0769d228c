#include "base/option_values.h"

#include <utility>

#include "base/check.h"
#include "base/numbers.h"
#include "base/status.h"

namespace cairn {

using Kind = OptionSpec::Kind;

absl::StatusOr<OptionValues> OptionValues::Make(std::span<const OptionSpec> specs,
                                                GivenOptions given, Need need) {
  OptionValues values;
  for (const OptionSpec& spec : specs) {
    Value& value = values.values_[std::string(spec.name)];
    value.kind = spec.kind;
    if (const auto found = given.find(spec.name); found != given.end()) {
      value.origin = std::move(found->second.origin);
      value.texts = std::move(found->second.texts);
    } else if (!spec.fallback.empty()) {
      value.texts.emplace_back(spec.fallback);
    } else if (spec.required && need == Need::kComplete) {
      return InvalidArgument(spec.positional ? "" : Concat("--", spec.name, " "), spec.metavar,
                             " is missing");
    }
  }
  return values;
}

const OptionValues::Value& OptionValues::Find(std::string_view name) const {
  const auto found = values_.find(name);
  CAIRN_CHECK(found != values_.end(), Concat("no option --", name));
  return found->second;
}

bool OptionValues::IsGiven(std::string_view name) const {
  return Find(name).origin.kind != OptionOrigin::Kind::kDefault;
}

const OptionOrigin& OptionValues::Origin(std::string_view name) const { return Find(name).origin; }

std::string OptionValues::Label(std::string_view name) const {
  const OptionOrigin& origin = Find(name).origin;
  switch (origin.kind) {
    case OptionOrigin::Kind::kFile:
      return Concat(origin.where, ": ", name);
    case OptionOrigin::Kind::kEnvironment:
      return origin.where;
    case OptionOrigin::Kind::kDefault:
    case OptionOrigin::Kind::kFlag:
      break;
  }
  return Concat("--", name);
}

bool OptionValues::Switch(std::string_view name) const {
  const Value& value = Find(name);
  CAIRN_CHECK(value.kind == Kind::kSwitch);
  return !value.texts.empty() && value.texts[0] == "true";
}

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

const std::vector<std::string>& OptionValues::AsWritten(std::string_view name) const {
  return Find(name).texts;
}

}  // namespace cairn
