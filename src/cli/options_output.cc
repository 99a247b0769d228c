#include <utility>
#include <vector>

#include "base/json_log.h"
#include "cli/options_sections.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

}  // namespace

std::vector<OptionSpec> OutputOptions() {
  OptionSpec log_format = LogFormatOption("Output");
  log_format.commands = CommandSpec::kTrain;
  return {
      {.name = "report",
       .kind = Kind::kText,
       .metavar = "FILE.json",
       .section = "Output",
       .help = "Write settings and results here",
       .commands = CommandSpec::kTrain | CommandSpec::kEval},
      {.name = "output",
       .kind = Kind::kText,
       .metavar = "FILE",
       .section = "Output",
       .help = "Where to write; - is standard output",
       .required = true,
       .commands = CommandSpec::kPredict},
      std::move(log_format),
  };
}

}  // namespace cairn
