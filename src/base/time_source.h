// Where a core gets the time from. Only for leases, deadlines and reports: what a model becomes
// never depends on it.
#pragma once

#include <atomic>
#include <cstdint>

namespace cairn {

// Microseconds: a point on a time source's own axis, or the distance between two of them.
using Micros = int64_t;

inline constexpr Micros kMicrosPerMilli = 1'000;
inline constexpr Micros kMicrosPerSecond = 1'000'000;

// Thread-safe. Monotonic: never runs backwards. Its zero means nothing, so points of different
// processes must not be compared.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual Micros NowMicros() const = 0;
};

// The machine's steady clock.
class RealTimeSource final : public TimeSource {
 public:
  Micros NowMicros() const override;
};

// A clock that stands still until it is told to move: for tests and the simulator.
class ManualTimeSource final : public TimeSource {
 public:
  explicit ManualTimeSource(Micros start = 0) : now_(start) {}

  Micros NowMicros() const override { return now_.load(std::memory_order_acquire); }

  // CHECKs that time does not run backwards. Only one thread may move the clock.
  void Advance(Micros by);
  void AdvanceTo(Micros now);

 private:
  std::atomic<Micros> now_;
};

}  // namespace cairn
