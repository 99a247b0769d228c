// config check and config show.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/option_file.h"
#include "base/option_sources.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pages.h"
#include "cli/settings.h"

namespace cairn {
namespace {

// A table by the name that --for gives: a command's, or a role program's.
std::vector<OptionSpec> TableOf(std::string_view name) {
  if (const CommandSpec* command = FindCommand(name); command != nullptr) {
    return OptionsOf(*command);
  }
  for (const RoleProgram& program : AllRolePrograms()) {
    if (program.name == name) return AllOptions(program);
  }
  return {};
}

// One line of a file: the setting, or a comment where nobody has set it. A default is a comment
// too: the file is to say what was set, and no more.
std::string SettingLine(const OptionValues& values, const OptionSpec& spec, bool with_origin) {
  constexpr size_t kOriginColumn = 32;
  const std::vector<std::string>& texts = values.AsWritten(spec.name);
  if (texts.empty()) return Concat("# ", spec.name, " is not set");
  const bool is_given = values.IsGiven(spec.name);
  std::string line = Concat(is_given ? "" : "# ", spec.name, " = ", FormatFileValue(spec, texts));
  if (!with_origin) return line;
  line.resize(std::max(line.size() + 1, kOriginColumn), ' ');
  return Concat(line, "# ", is_given ? values.Origin(spec.name).where : "default");
}

}  // namespace

absl::Status ConfigCheckCommand(const OptionValues& values, const Console& console) {
  const std::string path = values.Text("file");
  const std::string reader = values.Text("for");
  const std::vector<OptionSpec> specs = TableOf(reader);
  PosixFileSystem files;
  CAIRN_ASSIGN_OR_RETURN(GivenOptions given, ReadOptionFile(specs, path, &files));
  const size_t count = given.size();
  CAIRN_ASSIGN_OR_RETURN(const OptionValues checked,
                         OptionValues::Make(specs, std::move(given), OptionValues::Need::kPartial));
  if (reader == CommandOf(CommandSpec::kTrain).name) {
    CAIRN_RETURN_IF_ERROR(MakeTrainOptions(checked).status());
  }
  PrintResult(console, Concat(path, ": ", count, count == 1 ? " setting" : " settings", " for ",
                              reader, ", nothing wrong"));
  return absl::OkStatus();
}

absl::Status ConfigShowCommand(const OptionValues& values, const Console& console) {
  std::string_view section;
  for (const OptionSpec& spec : OptionsOf(CommandOf(CommandSpec::kTrain))) {
    if (spec.from != OptionSpec::From::kAnywhere) continue;
    if (spec.section != section) {
      PrintResult(console,
                  Concat(section.empty() ? "" : "\n", "[", FileSection(spec.section), "]"));
      section = spec.section;
    }
    PrintResult(console, SettingLine(values, spec, values.Switch("origin")));
  }
  // What is shown may contradict itself: said last, where it is read.
  return MakeTrainOptions(values).status();
}

}  // namespace cairn
