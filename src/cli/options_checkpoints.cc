#include <vector>

#include "cli/options_sections.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr uint32_t kTrain = CommandSpec::kTrain;

}  // namespace

std::vector<OptionSpec> CheckpointOptions() {
  return {
      {.name = "checkpoint-dir",
       .kind = Kind::kText,
       .metavar = "DIR",
       .section = "Checkpoints",
       .help = "Keep checkpoints here while the training goes on, from which it goes on by itself "
               "after the loss of a server; all servers and the coordinator have to see it",
       .commands = kTrain},
      {.name = "checkpoint-every",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Checkpoints",
       .help = "From one checkpoint to the next",
       .fallback = "60",
       .commands = kTrain,
       .reals = {.min = 0.1, .max = 1e9}},
      {.name = "checkpoints-kept",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Checkpoints",
       .help = "So many of the newest are kept",
       .fallback = "2",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kCheckpointsKeptMax}},
      {.name = "checkpoint-full-every",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Checkpoints",
       .help = "Every Nth checkpoint has all rows, those between only the rows that changed since "
               "the one before; 1: each has all rows",
       .fallback = "8",
       .commands = kTrain,
       .counts = {.min = 1, .max = limits::kCheckpointChainMax}},
      {.name = "resume",
       .kind = Kind::kSwitch,
       .section = "Checkpoints",
       .help = "Go on from the newest whole checkpoint in --checkpoint-dir; from the beginning if "
               "there is none yet",
       .commands = kTrain},
  };
}

}  // namespace cairn
