#include <vector>

#include "cli/options_sections.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr double kSecondsMax = 1e9;

}  // namespace

std::vector<OptionSpec> TuningOptions() {
  return {
      {.name = "max-seconds",
       .kind = Kind::kReal,
       .metavar = "N",
       .section = "Tuning",
       .help = "End after this time, with the best of what was tried until then",
       .commands = CommandSpec::kTune,
       .reals = {.min = 0, .max = kSecondsMax, .min_is_legal = false}},
      {.name = "output",
       .kind = Kind::kText,
       .metavar = "FILE.toml",
       .section = "Tuning",
       .help = "Write the settings to use here, for cairn train --config; - is standard output",
       .commands = CommandSpec::kTune},
  };
}

}  // namespace cairn
