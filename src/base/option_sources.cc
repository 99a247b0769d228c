#include "base/option_sources.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/option_environment.h"
#include "base/option_file.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr std::string_view kConfig = "config";

}  // namespace

OptionSpec ConfigOption() {
  return {.name = kConfig,
          .kind = OptionSpec::Kind::kText,
          .metavar = "FILE.toml",
          .section = "Settings",
          .help =
              "Settings to take from this file, where neither an option nor the environment "
              "says otherwise",
          .from = OptionSpec::From::kNotFile};
}

absl::StatusOr<GivenOptions> ReadOptionFile(std::span<const OptionSpec> specs,
                                            const std::string& path, FileSystem* files) {
  const absl::StatusOr<std::vector<std::byte>> bytes = files->ReadAll(path);
  // A wrong setting, whatever the reason: not what "no such data" stands for.
  if (!bytes.ok()) return InvalidArgument(MessageOf(bytes.status()));
  return ParseOptionFile(specs, path,
                         {reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

absl::StatusOr<OptionValues> ReadOptions(const OptionTable& table, const OptionSources& sources,
                                         OptionValues::Need need) {
  CAIRN_ASSIGN_OR_RETURN(GivenOptions given, ParseArguments(table.specs, sources.arguments));
  CAIRN_ASSIGN_OR_RETURN(
      GivenOptions environment,
      ParseEnvironment(table.specs, table.environment_prefix, sources.environment));
  given.merge(environment);  // Keeps what is there.
  if (const auto config = given.find(kConfig); config != given.end()) {
    CAIRN_ASSIGN_OR_RETURN(GivenOptions file,
                           ReadOptionFile(table.specs, config->second.texts[0], sources.files));
    given.merge(file);
  }
  return OptionValues::Make(table.specs, std::move(given), need);
}

std::vector<std::string> ProcessEnvironment() {
  std::vector<std::string> variables;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("CAIRN_")) variables.emplace_back(*variable);
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

}  // namespace cairn
