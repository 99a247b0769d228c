// What each command of `cairn` does, once its options are parsed. Blocking; the Status is what the
// user is told, and ExitCode of it what the shell is told.
#pragma once

#include "absl/status/status.h"
#include "base/option_parser.h"
#include "cli/console.h"

namespace cairn {

absl::Status TrainCommand(const OptionValues& values, const Console& console);
absl::Status EvalCommand(const OptionValues& values, const Console& console);
absl::Status PredictCommand(const OptionValues& values, const Console& console);
absl::Status TuneCommand(const OptionValues& values, const Console& console);
absl::Status InspectCommand(const OptionValues& values, const Console& console);
absl::Status CheckpointListCommand(const OptionValues& values, const Console& console);
absl::Status CheckpointVerifyCommand(const OptionValues& values, const Console& console);
absl::Status CheckpointShowCommand(const OptionValues& values, const Console& console);
absl::Status CheckpointPruneCommand(const OptionValues& values, const Console& console);
absl::Status DataGenCommand(const OptionValues& values, const Console& console);
absl::Status DataStatCommand(const OptionValues& values, const Console& console);
absl::Status StatusCommand(const OptionValues& values, const Console& console);
absl::Status ConfigCheckCommand(const OptionValues& values, const Console& console);
absl::Status ConfigShowCommand(const OptionValues& values, const Console& console);
absl::Status CompletionCommand(const OptionValues& values, const Console& console);

}  // namespace cairn
