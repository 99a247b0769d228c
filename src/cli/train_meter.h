// How fast a training goes and how long it will take, from what it shows of itself.
#pragma once

#include <deque>
#include <limits>

#include "base/time_source.h"
#include "cairn/train.h"

namespace cairn {

// NaN: not known (yet).
struct TrainPace {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  double rows_per_second = kUnknown;  // Of the last kWindow, within the epoch.
  double recent_loss = kUnknown;      // Mean over the rows of the same time.
  // To the end of the last epoch, as it has gone so far; rules for stopping may end it earlier.
  double seconds_left = kUnknown;
};

// Not thread-safe.
class TrainMeter {
 public:
  static constexpr Micros kWindow = 10 * kMicrosPerSecond;

  // To be called often, with `now` that never runs backwards.
  void Update(const TrainProgress& progress, Micros now);
  // By the last Update.
  TrainPace pace() const { return pace_; }

 private:
  struct Sample {
    Micros at;
    uint64_t rows;  // Of the epoch.
    double loss_sum;
  };

  void Slide(const Sample& sample);

  uint64_t epoch_ = 0;          // The one that the samples are of.
  std::deque<Sample> samples_;  // Ascending by time, at most one a second.
  bool is_training_ = false;    // It has begun: since when, and with how much of it done.
  Micros began_at_ = 0;
  double began_share_ = 0;
  TrainPace pace_;
};

}  // namespace cairn
