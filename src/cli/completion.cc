#include "cli/completion.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

enum class Values : uint8_t { kNone, kAny, kWords, kFiles, kDirectories };

Values ValuesOf(const OptionSpec& spec) {
  if (spec.kind == Kind::kSwitch) return Values::kNone;
  if (spec.kind == Kind::kChoice) return Values::kWords;
  if (spec.metavar == "DIR") return Values::kDirectories;
  const bool is_file = spec.metavar.starts_with("FILE") || spec.metavar == "PATH";
  return is_file ? Values::kFiles : Values::kAny;
}

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

std::string FirstWord(const std::string& name) { return name.substr(0, name.find(' ')); }

std::vector<std::string> ProgramsOf(std::span<const Page> pages) {
  std::vector<std::string> programs;
  for (const Page& page : pages) {
    const std::string program = FirstWord(page.name);
    if (std::find(programs.begin(), programs.end(), program) == programs.end()) {
      programs.push_back(program);
    }
  }
  return programs;
}

// What can follow the words of a name: "cairn" -> {train, data, ...}, "cairn data" -> {gen}.
// "help" takes the same words.
std::map<std::string, std::set<std::string>> NextWords(std::span<const Page> pages) {
  std::map<std::string, std::set<std::string>> next;
  for (const Page& page : pages) {
    for (size_t blank = page.name.find(' '); blank != page.name.npos;
         blank = page.name.find(' ', blank + 1)) {
      const std::string head = page.name.substr(0, blank);
      const std::string rest = page.name.substr(blank + 1);
      next[head].insert(FirstWord(rest));
      next["cairn help" + head.substr(FirstWord(head).size())].insert(FirstWord(rest));
    }
  }
  next["cairn"].insert("help");
  return next;
}

// 'single quotes' for every shell here; our texts have few of them.
std::string ShellQuoted(std::string_view text, std::string_view quote_inside) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += quote_inside;
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string BashValues(const OptionSpec& spec) {
  const std::string count = spec.kind == Kind::kTexts ? "many" : "one";
  switch (ValuesOf(spec)) {
    case Values::kNone:
      return "";
    case Values::kAny:
      return count + " any";
    case Values::kWords:
      return count + " words " + Join(spec.choices);
    case Values::kFiles:
      return count + " files";
    case Values::kDirectories:
      return count + " directories";
  }
  return "";
}

constexpr std::string_view kBashFunction = R"bash(_cairn() {
  local word=${COMP_WORDS[COMP_CWORD]} place=${COMP_WORDS[0]##*/} i=1 option='' since=0 values
  while ((i < COMP_CWORD)) && [[ " $(_cairn_words "$place") " == *" ${COMP_WORDS[i]} "* ]]; do
    place+=" ${COMP_WORDS[i]}"
    ((++i))
  done
  for (( ; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} == --* ]]; then
      option=${COMP_WORDS[i]} since=0
    elif [[ ${COMP_WORDS[i]} != = ]]; then
      ((++since))
    fi
  done
  [[ $word == = ]] && word=''
  COMPREPLY=()
  values=$(_cairn_values "$place${option:+ $option}")
  if [[ $values == one\ * && $since -gt 0 ]]; then
    values=''
  fi
  if [[ $word != -* ]]; then
    case $values in
      *' words '*) mapfile -t COMPREPLY < <(compgen -W "${values#* words }" -- "$word") ;;
      *' files') compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
      *' directories') compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    esac
    [[ $values == one\ * || ${#COMPREPLY[@]} -gt 0 ]] && return
  fi
  mapfile -t COMPREPLY < <(
    compgen -W "$(_cairn_words "$place") $(_cairn_options "$place")" -- "$word")
}
)bash";

// "_arguments" takes [ ] : as its own.
std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshValues(const OptionSpec& spec) {
  switch (ValuesOf(spec)) {
    case Values::kNone:
      return "";
    case Values::kAny:
      return Concat(":", ZshText(spec.metavar), ": ");
    case Values::kWords:
      return Concat(":", ZshText(spec.metavar), ":(", Join(spec.choices), ")");
    case Values::kFiles:
      return Concat(":", ZshText(spec.metavar), ":_files");
    case Values::kDirectories:
      return Concat(":", ZshText(spec.metavar), ":_files -/");
  }
  return "";
}

std::string ZshArguments(const Page& page) {
  std::string text = "      _arguments -S";
  bool has_list = false;
  const auto add = [&](const std::string& argument) {
    text += Concat(" \\\n        ", ShellQuoted(argument, "'\\''"));
  };
  for (const OptionSpec& spec : page.options) {
    const bool is_list = spec.kind == Kind::kTexts;
    if (spec.positional) {
      add(Concat("1", ZshValues(spec)));
      continue;
    }
    has_list = has_list || is_list;
    add(Concat(is_list ? "*" : "", "--", spec.name, spec.kind == Kind::kSwitch ? "" : "=", "[",
               ZshText(spec.help), "]", ZshValues(spec)));
  }
  if (has_list) add("*:PATH:_files");
  return text + "\n";
}

// The words of a command are taken away: what is left is a program with its options.
constexpr std::string_view kZshBegin = R"(_cairn() {
  local place=$service
  while ((CURRENT > 2)) && _cairn_known "$place $words[2]"; do
    place+=" $words[2]"
    words[2]=()
    ((CURRENT--))
  done
  case $place in
)";

std::string FishValues(const OptionSpec& spec) {
  switch (ValuesOf(spec)) {
    case Values::kNone:
      return "";
    case Values::kAny:
      return " -x";
    case Values::kWords:
      return Concat(" -x -a ", ShellQuoted(Join(spec.choices), "\\'"));
    case Values::kFiles:
      return " -r -F";
    case Values::kDirectories:
      return " -x -a '(__fish_complete_directories)'";
  }
  return "";
}

constexpr std::string_view kFishFunctions =
    R"(# Completion of Cairn's programs for fish. Made by: cairn completion fish

# Whether the words behind the program begin with these.
function __cairn_at
  set -l words (commandline -opc)
  set -e words[1]
  test (count $words) -ge (count $argv)
  and test "$words[1..$(count $argv)]" = "$argv"
end

# Whether they are just these.
function __cairn_is
  set -l words (commandline -opc)
  set -e words[1]
  test "$words" = "$argv"
end

)";

// "__cairn_at data gen" for "cairn data gen"; nothing for a program without commands.
std::string FishCondition(const std::string& name) {
  const size_t blank = name.find(' ');
  return blank == name.npos ? "" : Concat(" -n '__cairn_at", name.substr(blank), "'");
}

}  // namespace

std::string BashCompletion(std::span<const Page> pages) {
  std::string words, options, values;
  for (const auto& [place, next] : NextWords(pages)) {
    words += Concat("    '", place, "') echo '",
                    Join(std::vector<std::string>(next.begin(), next.end())), "' ;;\n");
  }
  for (const Page& page : pages) {
    std::vector<std::string> names;
    for (const OptionSpec& spec : page.options) {
      const std::string name = Concat("--", spec.name);
      if (!spec.positional) names.push_back(name);
      const std::string place = spec.positional ? page.name : Concat(page.name, " ", name);
      const std::string known = BashValues(spec);
      if (!known.empty()) values += Concat("    '", place, "') echo '", known, "' ;;\n");
    }
    names.push_back("--help");
    options += Concat("    '", page.name, "') echo '", Join(names), "' ;;\n");
  }
  return Concat("# Completion of Cairn's programs for bash. Made by: cairn completion bash\n\n",
                "_cairn_words() {\n  case $1 in\n", words, "  esac\n}\n\n",
                "_cairn_options() {\n  case $1 in\n", options, "  esac\n}\n\n",
                "_cairn_values() {\n  case $1 in\n", values, "  esac\n}\n\n", kBashFunction,
                "complete -F _cairn ", Join(ProgramsOf(pages)), "\n");
}

std::string ZshCompletion(std::span<const Page> pages) {
  std::string options, words, known;
  const auto know = [&](const std::string& place) {
    known += Concat(known.empty() ? "" : "|", "'", place, "'");
  };
  for (const auto& [place, next] : NextWords(pages)) {
    words += Concat("    '", place, "') compadd -- ",
                    Join(std::vector<std::string>(next.begin(), next.end())), " ;;\n");
    know(place);
  }
  for (const Page& page : pages) {
    options += Concat("    '", page.name, "')\n", ZshArguments(page), "      ;;\n");
    know(page.name);
  }
  const std::string programs = Join(ProgramsOf(pages));
  return Concat("#compdef ", programs,
                "\n# Completion of Cairn's programs for zsh. Made by: cairn completion zsh\n\n",
                "_cairn_known() {\n  case $1 in\n    ", known,
                ") return 0 ;;\n  esac\n  return 1\n}\n\n", kZshBegin, options, words,
                "  esac\n}\n\n", "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n",
                "  _cairn \"$@\"\nelse\n  compdef _cairn ", programs, "\nfi\n");
}

std::string FishCompletion(std::span<const Page> pages) {
  std::string text(kFishFunctions);
  for (const auto& [place, next] : NextWords(pages)) {
    const size_t blank = place.find(' ');
    text += Concat("complete -c ", FirstWord(place), " -f -n '__cairn_is",
                   blank == place.npos ? "" : place.substr(blank), "' -a '",
                   Join(std::vector<std::string>(next.begin(), next.end())), "'\n");
  }
  for (const Page& page : pages) {
    for (const OptionSpec& spec : page.options) {
      text += Concat("complete -c ", FirstWord(page.name), FishCondition(page.name));
      if (!spec.positional) text += Concat(" -l ", spec.name);
      text += Concat(FishValues(spec), " -d ", ShellQuoted(spec.help, "\\'"), "\n");
    }
  }
  return text;
}

}  // namespace cairn
