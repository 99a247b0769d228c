// When a member last heard of its coordinator.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "base/time_source.h"

namespace cairn {

// Thread-safe. All points are of one time source.
class CoordinatorWatch {
 public:
  // Some heartbeats may be lost before silence means something.
  static constexpr Micros kSilenceMax = 5 * kMicrosPerSecond;

  void Heard(Micros now) { heard_.store(now, std::memory_order_relaxed); }

  // kUnavailable: nothing has been heard yet, or nothing for kSilenceMax; a sentence with
  // `address`.
  absl::Status Health(const std::string& address, Micros now) const;

 private:
  static constexpr Micros kNotYet = -1;
  std::atomic<Micros> heard_{kNotYet};
};

}  // namespace cairn
