#include "transport/coordinator_watch.h"

#include "base/status.h"

namespace cairn {

absl::Status CoordinatorWatch::Health(const std::string& address, Micros now) const {
  const Micros heard = heard_.load(std::memory_order_relaxed);
  if (heard == kNotYet) return Unavailable("no answer yet from the coordinator at ", address);
  const Micros silent = now - heard;
  if (silent < kSilenceMax) return absl::OkStatus();
  return Unavailable("the coordinator at ", address, " has been silent for ",
                     silent / kMicrosPerSecond, " s");
}

}  // namespace cairn
