#include <vector>

#include "cli/options_sections.h"
#include "transport/address.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using From = OptionSpec::From;

constexpr uint32_t kStatus = CommandSpec::kStatus;

absl::Status CheckAddress(std::string_view text) {
  return ParseAddress(std::string(text)).status();
}

}  // namespace

std::vector<OptionSpec> StatusOptions() {
  return {
      {.name = "coordinator",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Status",
       .help = "Whom to ask: tcp://HOST:PORT or ipc:///PATH",
       .required = true,
       .commands = kStatus,
       .check = CheckAddress},
      {.name = "timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Status",
       .help = "Give up if nobody has answered by then",
       .fallback = "5",
       .commands = kStatus,
       .reals = {.min = 0, .max = 3'600, .min_is_legal = false}},
      {.name = "watch",
       .kind = Kind::kSwitch,
       .section = "Status",
       .help = "Show it again every second, until the job is over",
       .from = From::kFlagOnly,
       .commands = kStatus},
      {.name = "json",
       .kind = Kind::kSwitch,
       .section = "Status",
       .help = "Print JSON",
       .from = From::kFlagOnly,
       .commands = kStatus},
  };
}

}  // namespace cairn
