#include "base/time_source.h"

#include <chrono>

#include "base/check.h"

namespace cairn {

Micros RealTimeSource::NowMicros() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void ManualTimeSource::Advance(Micros by) { AdvanceTo(NowMicros() + by); }

void ManualTimeSource::AdvanceTo(Micros now) {
  CAIRN_CHECK(now >= NowMicros(), "time runs backwards");
  now_.store(now, std::memory_order_release);
}

}  // namespace cairn
