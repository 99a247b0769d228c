#include "cli/program.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "base/json_log.h"
#include "base/option_sources.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/suggest.h"
#include "cairn/train.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/man_page.h"
#include "cli/markdown.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/pages.h"
#include "cli/version.h"

namespace cairn {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitNobodyReads = 141;  // As of a program that a broken pipe has killed.

using Arguments = std::span<const std::string>;

// A command, and how many of the arguments name it.
struct Choice {
  const CommandSpec* command = nullptr;
  size_t words = 0;
};

size_t WordsOf(std::string_view name) { return name.find(' ') == name.npos ? 1 : 2; }

// The first words of `arguments`, joined by blanks; fewer if there are fewer or an option comes.
std::string FirstWords(Arguments arguments, size_t words) {
  std::string joined;
  for (const std::string& argument : arguments.first(std::min(words, arguments.size()))) {
    if (argument.starts_with("-")) break;
    joined += (joined.empty() ? "" : " ") + argument;
  }
  return joined;
}

// The command that the arguments, at least one, begin with.
absl::StatusOr<Choice> ChooseCommand(Arguments arguments) {
  if (arguments[0].starts_with("-")) {
    return InvalidArgument("unknown option ", arguments[0], "; cairn help lists all");
  }
  std::vector<std::string> known = {"help"};
  std::string given = FirstWords(arguments, 1);
  std::string longer;  // "cairn data gen or cairn data stat", of "data".
  for (const CommandSpec& command : Commands()) {
    const size_t words = WordsOf(command.name);
    if (FirstWords(arguments, words) == command.name) return Choice{&command, words};
    known.emplace_back(command.name);
    // "data gne": what follows a known first word belongs to the name.
    if (words == 2 && command.name.starts_with(FirstWords(arguments, 1) + " ")) {
      given = FirstWords(arguments, 2);
      longer += Concat(longer.empty() ? "cairn " : " or cairn ", command.name);
    }
  }
  if (!longer.empty() && WordsOf(given) == 1) return InvalidArgument("which one? ", longer);
  const std::string guess = ClosestWord(given, known);
  return InvalidArgument(
      "unknown command \"", given, "\"; ",
      guess.empty() ? "cairn help lists all" : Concat("did you mean \"", guess, "\"?"));
}

absl::Status WriteManPages(const std::string& directory) {
  PosixFileSystem files;
  CAIRN_RETURN_IF_ERROR(files.CreateDirectories(directory));
  for (const auto& [name, text] : ManPages(AllPages())) {
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(JoinPath(directory, name), text));
  }
  return absl::OkStatus();
}

absl::Status Help(Arguments topic, const Console& console) {
  if (topic.empty() || topic[0] == "help") {
    *console.out << GeneralHelp();
    return absl::OkStatus();
  }
  if (topic[0] == "--markdown") {
    const bool is_config = topic.size() > 1 && topic[1] == "config";
    *console.out << (is_config ? ConfigAsMarkdown(AllPages()) : CliAsMarkdown(AllPages()));
    return absl::OkStatus();
  }
  if (topic[0] == "--man") {
    if (topic.size() != 2) return InvalidArgument("--man needs the directory that they go to");
    return WriteManPages(topic[1]);
  }
  CAIRN_ASSIGN_OR_RETURN(const Choice choice, ChooseCommand(topic));
  *console.out << CommandHelp(*choice.command);
  return absl::OkStatus();
}

// The values of a command's options, from wherever it reads them.
absl::StatusOr<OptionValues> ValuesOf(const CommandSpec& command, Arguments arguments,
                                      std::span<const std::string> environment) {
  const std::vector<OptionSpec> specs = OptionsOf(command);
  const std::string prefix = EnvironmentPrefixOf(command);
  PosixFileSystem files;
  return ReadOptions({specs, prefix}, {arguments, environment, &files});
}

absl::Status Run(const CommandSpec& command, const OptionValues& values, const Console& console) {
  switch (command.bit) {
    case CommandSpec::kTrain:
      return TrainCommand(values, console);
    case CommandSpec::kEval:
      return EvalCommand(values, console);
    case CommandSpec::kPredict:
      return PredictCommand(values, console);
    case CommandSpec::kTune:
      return TuneCommand(values, console);
    case CommandSpec::kInspect:
      return InspectCommand(values, console);
    case CommandSpec::kCheckpointList:
      return CheckpointListCommand(values, console);
    case CommandSpec::kCheckpointVerify:
      return CheckpointVerifyCommand(values, console);
    case CommandSpec::kCheckpointShow:
      return CheckpointShowCommand(values, console);
    case CommandSpec::kCheckpointPrune:
      return CheckpointPruneCommand(values, console);
    case CommandSpec::kDataGen:
      return DataGenCommand(values, console);
    case CommandSpec::kDataStat:
      return DataStatCommand(values, console);
    case CommandSpec::kStatus:
      return StatusCommand(values, console);
    case CommandSpec::kConfigCheck:
      return ConfigCheckCommand(values, console);
    case CommandSpec::kConfigShow:
      return ConfigShowCommand(values, console);
    case CommandSpec::kCompletion:
      return CompletionCommand(values, console);
  }
  return Internal("a command without code");
}

int Finish(const absl::Status& status, const std::string& name, const Console& console) {
  console.out->flush();
  absl::Status end = status;
  if (end.ok() && !console.out->good()) end = Internal("cannot write to standard output");
  if (end.ok()) return 0;
  // As after "| head": nobody wants more, nor to hear of it.
  if (NobodyReads(end)) return kExitNobodyReads;
  const int code = ExitCode(end);
  if (console.err_is_json) {
    *console.err << ErrorEvent(console.unix_micros(), name, code, MessageOf(end)) << std::flush;
  } else {
    *console.err << name << ": " << MessageOf(end) << std::endl;
  }
  return code;
}

int RunCommand(const CommandSpec& command, Arguments arguments,
               std::span<const std::string> environment, Console console) {
  const std::string name = Concat("cairn ", command.name);
  if (WantsHelp(arguments)) {
    *console.out << CommandHelp(command);
    return Finish(absl::OkStatus(), name, console);
  }
  const absl::StatusOr<OptionValues> values = ValuesOf(command, arguments, environment);
  if (!values.ok()) return Finish(values.status(), name, console);
  std::unique_ptr<JsonLog> log;
  if (WantsJsonLog(*values)) {
    console.err_is_json = true;
    log = std::make_unique<JsonLog>();
  }
  return Finish(Run(command, *values, console), name, console);
}

}  // namespace

int RunCairn(const CommandLine& line, const Console& console) {
  const Arguments arguments = line.arguments;
  if (arguments.empty()) {
    *console.err << GeneralHelp();
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  const Arguments rest = arguments.subspan(1);
  if (first == "--version") {
    *console.out << "cairn " << Version() << std::endl;
    return 0;
  }
  if (first == "--help" || first == "-h") return Finish(Help({}, console), "cairn", console);
  if (first == "help") return Finish(Help(rest, console), "cairn help", console);
  const absl::StatusOr<Choice> choice = ChooseCommand(arguments);
  if (!choice.ok()) return Finish(choice.status(), "cairn", console);
  const CommandSpec& command = *choice->command;
  return RunCommand(command, arguments.subspan(choice->words), line.environment, console);
}

}  // namespace cairn
