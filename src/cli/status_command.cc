#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/status.h"
#include "base/time_source.h"
#include "cli/commands.h"
#include "cli/status_view.h"
#include "cluster/interrupt.h"
#include "cluster/status_client.h"
#include "cluster/status_json.h"

namespace cairn {
namespace {

constexpr auto kWatchEvery = std::chrono::seconds(1);
constexpr auto kInterruptEvery = std::chrono::milliseconds(50);

// False if Ctrl-C came meanwhile.
bool Sleep(const InterruptScope& interrupt) {
  for (auto slept = std::chrono::milliseconds(0); slept < kWatchEvery; slept += kInterruptEvery) {
    if (interrupt.requested()) return false;
    std::this_thread::sleep_for(kInterruptEvery);
  }
  return !interrupt.requested();
}

}  // namespace

absl::Status StatusCommand(const OptionValues& values, const Console& console) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<StatusClient> client,
                         StatusClient::Open(values.Text("coordinator")));
  const auto patience =
      std::chrono::milliseconds(static_cast<int64_t>(std::ceil(values.Real("timeout") * 1e3)));
  const bool watch = values.Switch("watch");
  const RealTimeSource time;
  const InterruptScope interrupt;
  std::optional<EarlierStatus> earlier;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(JobStatus status, client->Ask(patience));
    const Micros now = time.NowMicros();
    if (watch && console.out_is_terminal) *console.out << "\x1b[H\x1b[2J";
    *console.out << (values.Switch("json") ? JobStatusAsJson(status)
                                           : FormatStatus(status, now, earlier))
                 << std::flush;
    if (!watch || status.over()) return absl::OkStatus();
    earlier = EarlierStatus{now, std::move(status)};
    if (!Sleep(interrupt)) return absl::OkStatus();
    if (!console.out_is_terminal && !values.Switch("json")) *console.out << "\n";
  }
}

}  // namespace cairn
