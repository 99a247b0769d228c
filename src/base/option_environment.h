// Options from environment variables, by the same table as the command line. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/option_spec.h"
#include "base/option_values.h"

namespace cairn {

// "CAIRN_TRAIN_" and "max-steps" -> "CAIRN_TRAIN_MAX_STEPS".
std::string EnvironmentName(std::string_view prefix, std::string_view option);

// Reads the variables that begin with `prefix` from "NAME=value" texts; the others are somebody
// else's, and with the prefix "" all are. A list is separated by blanks. kInvalidArgument: the
// variable, its value and what is legal, or the variable that was probably meant.
absl::StatusOr<GivenOptions> ParseEnvironment(std::span<const OptionSpec> specs,
                                              std::string_view prefix,
                                              std::span<const std::string> environment);

}  // namespace cairn
