// The options of a program from all places where they can be set: the command line goes before the
// environment, that before a file (--config), and that before what the table says.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "base/option_parser.h"

namespace cairn {

// A table of options, and where else than on the command line they are set.
struct OptionTable {
  std::span<const OptionSpec> specs;
  std::string_view environment_prefix;  // "CAIRN_TRAIN_".
};

struct OptionSources {
  std::span<const std::string> arguments;    // Without the program's name.
  std::span<const std::string> environment;  // "NAME=value".
  FileSystem* files = nullptr;               // Where --config is read.
};

// The row of --config, for every table whose options may stand in a file.
OptionSpec ConfigOption();

// kInvalidArgument: what is wrong, and in which place; a file that cannot be read too.
absl::StatusOr<OptionValues> ReadOptions(const OptionTable& table, const OptionSources& sources,
                                         OptionValues::Need need = OptionValues::Need::kComplete);

// A file of settings alone, under the path that messages are to name.
absl::StatusOr<GivenOptions> ReadOptionFile(std::span<const OptionSpec> specs,
                                            const std::string& path, FileSystem* files);

// The variables of this process that begin with CAIRN_, in the order of their names.
std::vector<std::string> ProcessEnvironment();

}  // namespace cairn
