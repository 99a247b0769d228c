// Options from a TOML file, by the same table as the command line: the keys are the options' names,
// in tables named after the sections of the help. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/option_spec.h"
#include "base/option_values.h"

namespace cairn {

// Longer files are none that somebody wrote.
inline constexpr size_t kOptionFileBytesMax = size_t{1} << 20;

// The table of a file that the options of a section stand in: "Model" -> "model".
std::string FileSection(std::string_view section);

// The value as it is written in a file: texts in quotes, lists in brackets, numbers as they are.
std::string FormatFileValue(const OptionSpec& spec, std::span<const std::string> texts);

// `path` is what messages call the file. kInvalidArgument: the first error in the file, as
// "job.toml:7:1: unknown key ..."; every value passes the checks of the command line.
absl::StatusOr<GivenOptions> ParseOptionFile(std::span<const OptionSpec> specs,
                                             const std::string& path, std::string_view text);

}  // namespace cairn
