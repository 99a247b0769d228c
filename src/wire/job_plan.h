// What the coordinator needs to know of a job beyond JobSpec: how much there is to do and when it
// is enough. It knows no data, only numbers of batches. Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "cairn/job.h"

namespace cairn {

// How much training there is; what follows from it is in sharding/schedule.h.
struct Schedule {
  uint64_t epochs = 0;
  uint64_t batches_per_epoch = 0;
  uint64_t batches_max = 0;    // Of all epochs together; 0: no such bound.
  uint32_t fixed_streams = 0;  // bsp, ssp: streams that the batches are dealt to. asp: 0.
  float warmup_share = 0;      // Of all steps, with a rising learning rate.
  bool decay = false;          // Afterwards the rate falls linearly to 0 at the last step.

  bool operator==(const Schedule&) const = default;
};

// When training ends before its last epoch. Zero switches a rule off.
struct StopRules {
  double max_seconds = 0;
  enum class Metric : uint8_t { kAuc, kLogLoss, kAccuracy } metric = Metric::kAuc;
  double target = 0;      // Reached: AUC or accuracy at least, loss at most this.
  uint32_t patience = 0;  // Evaluations without an improvement of min_delta.
  double min_delta = 0;
  double relative_change = 0;  // The train loss of two epochs differs by less than this share.

  bool operator==(const StopRules&) const = default;
};

// Checkpoints while the job runs, from which it goes on after the loss of a server.
struct CheckpointPlan {
  std::string directory;     // Empty: there are none.
  double every_seconds = 0;  // From the beginning of one to that of the next.
  uint32_t kept = 0;         // So many of the newest.
  uint32_t full_every = 0;   // So many at most build on each other: the first has all rows, each
                             // of the others what changed since the one before.
  bool resume = false;       // The job goes on from the newest one in `directory`, if there is one.

  bool operator==(const CheckpointPlan&) const = default;
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
  CheckpointPlan checkpoints;

  bool operator==(const JobPlan&) const = default;
};

// All that makes a job: what everybody is told, and what the coordinator alone needs.
struct JobDefinition {
  JobSpec spec;
  JobPlan plan;

  bool operator==(const JobDefinition&) const = default;
};

}  // namespace cairn
