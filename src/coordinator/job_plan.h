// What the coordinator needs to know of a job beyond JobSpec: how much there is to do and when it
// is enough. It knows no data, only numbers of batches.
#pragma once

#include <cstdint>
#include <string>

#include "base/time_source.h"
#include "sharding/schedule.h"

namespace cairn {

// When training ends before its last epoch. Zero switches a rule off.
struct StopRules {
  double max_seconds = 0;
  enum class Metric : uint8_t { kAuc, kLogLoss } metric = Metric::kAuc;
  double target = 0;      // Reached: AUC at least, logloss at most this.
  uint32_t patience = 0;  // Evaluations without an improvement of min_delta.
  double min_delta = 0;
  double relative_change = 0;  // The train loss of two epochs differs by less than this share.

  bool operator==(const StopRules&) const = default;
};

struct JobPlan {
  uint32_t servers = 1;             // The job starts when this many have joined,
  uint32_t workers = 1;             // and this many workers, if there is data.
  Schedule schedule;                // epochs 0: no data; user programs push what they like.
  uint64_t evaluation_batches = 0;  // After each epoch; 0: no validation data.
  uint32_t lease_batches = 32;      // asp: batches of one stream.
  StopRules stop;
  // Without data: the job is over when all clients that came have left.
  bool end_with_clients = false;
  bool want_digest = false;
  std::string save_dir;  // Where the model is written at the end; empty: it is not.

  bool operator==(const JobPlan&) const = default;
};

// How patient the coordinator is. Not part of the job: tests and the simulator change them.
struct CoordinatorTimes {
  Micros heartbeat = 500 * kMicrosPerMilli;
  Micros worker_lease = 10 * kMicrosPerSecond;  // Silent for longer: its streams go to others.
  Micros server_lease = 20 * kMicrosPerSecond;  // Silent for longer: its partitions are lost.
  Micros form_timeout = 60 * kMicrosPerSecond;  // For all expected members to join.
  Micros repeat = 300 * kMicrosPerMilli;        // Requests that were not answered.
  Micros farewell = 5 * kMicrosPerSecond;       // For members to confirm the end.
};

}  // namespace cairn
