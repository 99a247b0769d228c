#include "cli/program.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/suggest.h"
#include "cairn/train.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/version.h"

namespace cairn {
namespace {

constexpr int kExitUsage = 2;

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
absl::StatusOr<Choice> FindCommand(Arguments arguments) {
  if (arguments[0].starts_with("-")) {
    return InvalidArgument("unknown option ", arguments[0], "; cairn help lists all");
  }
  std::vector<std::string> known = {"help"};
  std::string given = FirstWords(arguments, 1);
  for (const CommandSpec& command : Commands()) {
    const size_t words = WordsOf(command.name);
    if (FirstWords(arguments, words) == command.name) return Choice{&command, words};
    known.emplace_back(command.name);
    // "data gne": what follows a known first word belongs to the name.
    if (words == 2 && command.name.starts_with(given + " ")) given = FirstWords(arguments, 2);
  }
  const std::string guess = ClosestWord(given, known);
  return InvalidArgument(
      "unknown command \"", given, "\"; ",
      guess.empty() ? "cairn help lists all" : Concat("did you mean \"", guess, "\"?"));
}

absl::Status Help(Arguments topic, const Console& console) {
  if (topic.empty() || topic[0] == "help") {
    *console.out << GeneralHelp();
    return absl::OkStatus();
  }
  if (topic[0] == "--markdown") {
    *console.out << HelpAsMarkdown();
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const Choice choice, FindCommand(topic));
  *console.out << CommandHelp(*choice.command);
  return absl::OkStatus();
}

// The arguments with a name before the operand, if there is one: "DIR" becomes "--model-dir=DIR".
std::vector<std::string> NameOperand(const CommandSpec& command, Arguments arguments) {
  std::vector<std::string> named(arguments.begin(), arguments.end());
  const bool has_operand = !command.operand.empty() && !named.empty() && !named[0].starts_with("-");
  if (has_operand) named[0] = Concat("--", command.operand, "=", named[0]);
  return named;
}

absl::Status Run(const CommandSpec& command, Arguments arguments, const Console& console) {
  if (WantsHelp(arguments)) {
    *console.out << CommandHelp(command);
    return absl::OkStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const OptionValues values,
                         ParseOptions(OptionsOf(command), NameOperand(command, arguments)));
  switch (command.bit) {
    case CommandSpec::kTrain:
      return TrainCommand(values, console);
    case CommandSpec::kEval:
      return EvalCommand(values, console);
    case CommandSpec::kPredict:
      return PredictCommand(values, console);
    case CommandSpec::kInspect:
      return InspectCommand(values, console);
    case CommandSpec::kDataGen:
      return DataGenCommand(values, console);
  }
  return Internal("a command without code");
}

int Finish(const absl::Status& status, std::string_view name, const Console& console) {
  console.out->flush();
  absl::Status end = status;
  if (end.ok() && !console.out->good()) end = Internal("cannot write to standard output");
  if (end.ok()) return 0;
  *console.err << name << ": " << MessageOf(end) << std::endl;
  return ExitCode(end);
}

}  // namespace

int RunCairn(const std::vector<std::string>& arguments, const Console& console) {
  if (arguments.empty()) {
    *console.err << GeneralHelp();
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  const Arguments rest = Arguments(arguments).subspan(1);
  if (first == "--version") {
    *console.out << "cairn " << Version() << std::endl;
    return 0;
  }
  if (first == "--help" || first == "-h") return Finish(Help({}, console), "cairn", console);
  if (first == "help") return Finish(Help(rest, console), "cairn help", console);
  const absl::StatusOr<Choice> choice = FindCommand(arguments);
  if (!choice.ok()) return Finish(choice.status(), "cairn", console);
  const CommandSpec& command = *choice->command;
  return Finish(Run(command, Arguments(arguments).subspan(choice->words), console),
                Concat("cairn ", command.name), console);
}

}  // namespace cairn
