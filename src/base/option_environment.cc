#include "base/option_environment.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/suggest.h"

namespace cairn {
namespace {

std::vector<std::string> SplitAtBlanks(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::vector<std::string> split;
  for (std::string word; words >> word;) split.push_back(word);
  return split;
}

absl::Status Unknown(std::span<const OptionSpec> specs, std::string_view prefix,
                     std::string_view name) {
  std::vector<std::string> known;
  std::string guess;
  for (const OptionSpec& spec : specs) {
    if (spec.from == OptionSpec::From::kFlagOnly) continue;
    known.push_back(EnvironmentName(prefix, spec.name));
    for (const std::string& other : spec.other_names) {
      if (EnvironmentName(prefix, other) == name) guess = known.back();
    }
  }
  if (guess.empty()) guess = ClosestWord(name, known);
  return InvalidArgument("unknown environment variable ", name, "; ",
                         guess.empty() ? Concat("no option has that name behind ", prefix)
                                       : Concat("did you mean ", guess, "?"));
}

absl::StatusOr<GivenOption> Parse(const OptionSpec& spec, const std::string& name,
                                  std::string_view value) {
  GivenOption option;
  option.origin = {OptionOrigin::Kind::kEnvironment, name};
  if (spec.kind == OptionSpec::Kind::kTexts) option.texts = SplitAtBlanks(value);
  if (option.texts.empty()) option.texts.emplace_back(value);
  for (const std::string& text : option.texts) {
    CAIRN_RETURN_IF_ERROR(CheckOptionValue(spec, name, text));
  }
  return option;
}

}  // namespace

std::string EnvironmentName(std::string_view prefix, std::string_view option) {
  std::string name(prefix);
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

absl::StatusOr<GivenOptions> ParseEnvironment(std::span<const OptionSpec> specs,
                                              std::string_view prefix,
                                              std::span<const std::string> environment) {
  GivenOptions given;
  if (prefix.empty()) return given;
  for (const std::string& variable : environment) {
    const std::string name = variable.substr(0, variable.find('='));
    if (!name.starts_with(prefix) || name.size() == variable.size()) continue;
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& candidate) {
      return candidate.from != OptionSpec::From::kFlagOnly &&
             EnvironmentName(prefix, candidate.name) == name;
    });
    if (spec == specs.end()) return Unknown(specs, prefix, name);
    const std::string_view value = std::string_view(variable).substr(name.size() + 1);
    CAIRN_ASSIGN_OR_RETURN(given[std::string(spec->name)], Parse(*spec, name, value));
  }
  return given;
}

}  // namespace cairn
