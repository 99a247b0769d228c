// Command lines by table. Environment and files are read by option_environment.h and
// option_file.h, and option_sources.h puts the three together.
#pragma once

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "base/option_spec.h"
#include "base/option_values.h"

namespace cairn {

// Reads "--name value", "--name=value", "--switch", "--list A B C" and the value of the positional
// row; a value must not begin with "--" unless it is behind "=". kInvalidArgument: a sentence that
// names the option, the value and what is legal, or the option that was probably meant.
absl::StatusOr<GivenOptions> ParseArguments(std::span<const OptionSpec> specs,
                                            std::span<const std::string> arguments);

// The values of a program whose options are set by its command line alone.
absl::StatusOr<OptionValues> ParseOptions(std::span<const OptionSpec> specs,
                                          std::span<const std::string> arguments);

// Whether "--help" or "-h" is among the arguments: it goes before anything else they say.
bool WantsHelp(std::span<const std::string> arguments);

}  // namespace cairn
