#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using From = OptionSpec::From;

constexpr uint32_t kList = CommandSpec::kCheckpointList;
constexpr uint32_t kVerify = CommandSpec::kCheckpointVerify;
constexpr uint32_t kShow = CommandSpec::kCheckpointShow;
constexpr uint32_t kPrune = CommandSpec::kCheckpointPrune;

}  // namespace

std::vector<OptionSpec> CheckpointToolOptions() {
  return {
      {.name = "checkpoint-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Checkpoints",
       .help = "Where a training keeps them; --checkpoint-dir DIR says the same",
       .required = true,
       .positional = true,
       .commands = kList | kVerify | kShow | kPrune},
      {.name = "checkpoint",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Checkpoints",
       .help = "Read this one alone",
       .commands = kVerify,
       .counts = {.min = 1}},
      {.name = "checkpoint",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Checkpoints",
       .help = "Show this one instead of the newest",
       .commands = kShow,
       .counts = {.min = 1}},
      {.name = "keep",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Checkpoints",
       .help = "So many of the newest whole ones stay",
       .required = true,
       .commands = kPrune,
       .counts = {.min = 1, .max = limits::kCheckpointsKeptMax}},
      {.name = "dry-run",
       .kind = Kind::kSwitch,
       .section = "Checkpoints",
       .help = "Say what would go, and remove nothing",
       .from = From::kFlagOnly,
       .commands = kPrune},
      {.name = "json",
       .kind = Kind::kSwitch,
       .section = "Checkpoints",
       .help = "Print JSON",
       .from = From::kFlagOnly,
       .commands = kList | kVerify | kShow},
  };
}

}  // namespace cairn
