#include "base/option_parser.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

bool LooksLikeOption(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-';
}

// One pass over the arguments.
class ArgumentParser {
 public:
  ArgumentParser(std::span<const OptionSpec> specs, std::span<const std::string> arguments)
      : specs_(specs), arguments_(arguments) {}

  absl::StatusOr<GivenOptions> Parse() {
    while (next_ < arguments_.size()) CAIRN_RETURN_IF_ERROR(ParseOne(arguments_[next_++]));
    return std::move(given_);
  }

 private:
  absl::Status ParseOne(std::string_view argument) {
    if (!LooksLikeOption(argument)) return ParsePositional(argument);
    if (!argument.starts_with("--")) return Unknown(argument);
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto spec = std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& candidate) {
      return candidate.name == name.substr(2);
    });
    if (spec == specs_.end()) return Unknown(name);
    if (equals != argument.npos) return Add(*spec, argument.substr(equals + 1));
    if (spec->kind == Kind::kSwitch) return Add(*spec, "true");
    return TakeValues(*spec);
  }

  absl::Status ParsePositional(std::string_view argument) {
    const auto spec = std::find_if(specs_.begin(), specs_.end(), [](const OptionSpec& candidate) {
      return candidate.positional;
    });
    if (spec == specs_.end()) {
      return InvalidArgument("unexpected argument ", Quoted(argument),
                             ": every value has a --name");
    }
    if (spec->kind != Kind::kTexts && given_.contains(spec->name)) {
      return InvalidArgument("unexpected argument ", Quoted(argument), ": there is one ",
                             spec->metavar);
    }
    return Add(*spec, argument);
  }

  // The arguments behind "--name", up to the next option for a list.
  absl::Status TakeValues(const OptionSpec& spec) {
    const bool is_list = spec.kind == Kind::kTexts;
    const size_t first = next_;
    const auto is_value = [&](const std::string& argument) {
      // A single value may be negative: what is wrong with "-1" is said by its range.
      return is_list ? !LooksLikeOption(argument) : !argument.starts_with("--");
    };
    while (next_ < arguments_.size() && is_value(arguments_[next_])) {
      CAIRN_RETURN_IF_ERROR(Add(spec, arguments_[next_++]));
      if (!is_list) break;
    }
    if (next_ > first) return absl::OkStatus();
    return InvalidArgument("--", spec.name, " needs a value: ", spec.metavar);
  }

  absl::Status Add(const OptionSpec& spec, std::string_view text) {
    const std::string label = Concat("--", spec.name);
    CAIRN_RETURN_IF_ERROR(CheckOptionValue(spec, label, text));
    GivenOption& option = given_[std::string(spec.name)];
    if (!option.texts.empty() && spec.kind != Kind::kTexts) {
      return InvalidArgument(label, " is given twice");
    }
    option.origin = {OptionOrigin::Kind::kFlag, label};
    option.texts.emplace_back(text);
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
  GivenOptions given_;
};

}  // namespace

absl::StatusOr<GivenOptions> ParseArguments(std::span<const OptionSpec> specs,
                                            std::span<const std::string> arguments) {
  return ArgumentParser(specs, arguments).Parse();
}

absl::StatusOr<OptionValues> ParseOptions(std::span<const OptionSpec> specs,
                                          std::span<const std::string> arguments) {
  CAIRN_ASSIGN_OR_RETURN(GivenOptions given, ParseArguments(specs, arguments));
  return OptionValues::Make(specs, std::move(given));
}

bool WantsHelp(std::span<const std::string> arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h";
  });
}

}  // namespace cairn
