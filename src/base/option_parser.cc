#include "base/option_parser.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/numbers.h"
#include "base/status.h"

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
      return InvalidArgument("unexpected argument ", Quoted(argument), Advice(argument));
    }
    if (spec->kind != Kind::kTexts && given_.contains(spec->name)) {
      return InvalidArgument("unexpected argument ", Quoted(argument), ": there is one ",
                             spec->metavar);
    }
    return Add(*spec, argument);
  }

  // What to do about a value that stands behind no option's name.
  std::string Advice(std::string_view argument) const {
    if (list_ != nullptr && list_end_ == next_ - 1) {
      const std::string& list = given_.find(list_->name)->second.texts[0];
      return Concat(": --", list_->name, " takes one value: --", list_->name, " ", list, ",",
                    argument);
    }
    for (const OptionSpec& spec : specs_) {
      const size_t dot = spec.metavar.rfind('.');  // As in "FILE.toml".
      if (dot == std::string_view::npos || !argument.ends_with(spec.metavar.substr(dot))) continue;
      if (!spec.metavar.starts_with("FILE.")) continue;
      return Concat("; did you mean --", spec.name, " ", argument, "?");
    }
    return ": every value has a --name";
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
    if (spec.is_comma_list) {
      list_ = &spec;
      list_end_ = next_;
    }
    return absl::OkStatus();
  }

  absl::Status Unknown(std::string_view name) const {
    const size_t begin = std::min(name.find_first_not_of('-'), name.size());
    const OptionSpec* guess = ClosestOption(name.substr(begin), specs_);
    return InvalidArgument(
        "unknown option ", name, "; ",
        guess == nullptr ? "--help lists all" : Concat("did you mean --", guess->name, "?"));
  }

  const std::span<const OptionSpec> specs_;
  const std::span<const std::string> arguments_;
  size_t next_ = 0;
  const OptionSpec* list_ = nullptr;  // The last comma list, if any.
  size_t list_end_ = 0;               // What stands behind its value.
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
