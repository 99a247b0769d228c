#include "cli/markdown.h"

#include "base/option_environment.h"
#include "base/option_file.h"
#include "base/option_help.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr std::string_view kConfigIntroduction = R"(# Settings

Made by `cairn help --markdown config` from the option tables; a test compares.

An option can be set in four places. What stands further up here goes before what stands below:

1. on the command line: `--batch 64`;
2. in the environment: `CAIRN_TRAIN_BATCH=64`, a name for each command and program;
3. in a file that `--config job.toml` names;
4. nowhere: then its default holds.

Every value passes the same checks wherever it comes from, and whatever is wrong ends the command
with exit code 2 and the place: `job.toml:7:1: unknown key "optimzer" in [learning]; did you mean
"optimizer"?`

- **Files** are [TOML](https://toml.io/en/v1.0.0). Keys are the names of the options, in tables
  named after the headings of the help. A list of paths is an array, or one text, and so is a list
  with commas (`numeric = ["price", "age"]` or `"price,age"`); a switch is `true`
  or `false`. One file is for one command: a key that the command does not have is an error.
  Relative paths in a file are relative to the working directory, as on the command line. Characters
  beyond ASCII may stand in comments and in texts of one line.
- **Environment variables** that begin like those of a command and name no option of it are errors
  of that command; those of other commands are ignored. The paths of a list are separated by blanks:
  a path with a blank goes into a file or onto the command line. A switch is `true` or `false`.
- A switch that a file or the environment has turned on is turned off by `--name=false`. A list on
  the command line takes the place of the whole list of the other places.
- An option that asks for an action, as a dry run, is of the command line alone.

`cairn config check job.toml` reads a file and says what is wrong with it; `--for ps_server` says
whose it is. `cairn config show` with the options of `cairn train` prints the settings that would
hold, as a file; `--origin` tells where each one comes from.

```toml
[data]
train = ["clicks-1.libffm", "clicks-2.libffm"]
valid = "clicks-test.libffm"

[learning]
optimizer = "ftrl"
lr = 0.2

[cluster]
consistency = "bsp"
```
)";

// "`true` or `false`" and so on; "" where the key may hold any text.
std::string TypeOf(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionSpec::Kind::kSwitch:
      return "true or false";
    case OptionSpec::Kind::kText:
    case OptionSpec::Kind::kChoice:
      return "text";
    case OptionSpec::Kind::kTexts:
      return "list of texts";
    case OptionSpec::Kind::kCount:
    case OptionSpec::Kind::kPowerOfTwo:
      return "whole number";
    case OptionSpec::Kind::kReal:
      return "number";
  }
  return "";
}

}  // namespace

std::string CliAsMarkdown(std::span<const Page> pages) {
  std::string text =
      "# The command line\n\n"
      "Made by `cairn help --markdown` from the option tables (`src/cli/options_*.cc`, and those "
      "of\n"
      "the programs that play one role in `src/cluster`); a test compares. Options can be set in\n"
      "the environment and in a file too: [config.md](config.md).\n\n"
      "Results go to standard output, progress and errors to standard error. The first Ctrl-C ends "
      "a\njob in good order, the second one at once.\n";
  for (const Page& page : pages) {
    text += Concat("\n## ", page.name, "\n\n```\n", page.name, " ", FormatUsage(page.options),
                   "\n```\n\n", page.description, "\n", FormatOptionsAsMarkdown(page.options));
  }
  text += "\n## Exit codes\n\n| Code | Meaning |\n|---|---|\n";
  for (const ExitCodeMeaning& row : ExitCodes()) {
    text += Concat("| ", row.code, " | ", row.meaning, " |\n");
  }
  return text;
}

std::string ConfigAsMarkdown(std::span<const Page> pages) {
  std::string text(kConfigIntroduction);
  for (const Page& page : pages) {
    if (!HasOwnSettings(page)) continue;
    text +=
        Concat("\n## ", page.name, "\n\n| Option | Key | Type | Variable |\n|---|---|---|---|\n");
    for (const OptionSpec& spec : page.options) {
      if (spec.from == OptionSpec::From::kFlagOnly) continue;
      const bool in_file = spec.from == OptionSpec::From::kAnywhere;
      text += Concat("| `--", spec.name, "` | ",
                     in_file ? Concat("`[", FileSection(spec.section), "] ", spec.name, "`") : "-",
                     " | ", TypeOf(spec), " | `",
                     EnvironmentName(page.environment_prefix, spec.name), "` |\n");
    }
  }
  return text;
}

}  // namespace cairn
