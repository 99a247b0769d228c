// One seed's cluster: its job, its members, its network and its mishaps. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/time_source.h"
#include "cairn/job.h"
#include "coordinator/coordinator_times.h"
#include "server/guards.h"
#include "wire/job_plan.h"
#include "wire/limits.h"
#include "worker/request_builder.h"

namespace cairn::sim {

// The synthetic data set and what is done with it; see SimProgram.
struct ProgramShape {
  uint64_t batches = 12;  // Of an epoch.
  uint64_t rows_per_batch = 5;
  uint64_t rows_of_last_batch = 3;
  uint32_t features_per_row = 4;
  uint64_t feature_pool = 40;   // Distinct keys of table "x": few, so that batches collide.
  uint64_t bare_every = 0;      // One batch in so many has a gradient that is not finite; 0: none.
  uint64_t kills_reader = 0;    // The batch, counted from 1, that kills whoever reads it,
  uint64_t kills_computer = 0;  // or computes with it; 0: none.
  uint64_t kills_scorer = 0;    // Likewise, of the validation data.
};

// What goes wrong while the safety phase lasts. Shares are probabilities per message.
struct Faults {
  double loss = 0;
  double duplication = 0;
  Micros delay_least = 100;
  Micros delay_most = 50 * kMicrosPerMilli;     // Log-uniform between the two: a heavy tail.
  double swizzle = 0;                           // A message finds that its link has just gone bad,
  Micros swizzle_most = 300 * kMicrosPerMilli;  // for at most this long, one way.
  // Or it has just been cut, both ways; or a worker has become deaf to the coordinator, which hears
  // it still.
  double cut = 0;
  Micros cut_most = 900 * kMicrosPerMilli;
  double deaf = 0;
  Micros deaf_most = 2'000 * kMicrosPerMilli;
  // A worker dies in the middle of sending a step's push,
  double crash = 0;
  uint32_t crashes_max = 0;
  Micros restart_most = 600 * kMicrosPerMilli;
  // or stands still, while messages for it pile up.
  double pause = 0;
  uint32_t pauses_max = 0;
  Micros pause_most = 900 * kMicrosPerMilli;
  double encode = 0.125;      // A message travels as bytes,
  double encode_named = 0.5;  // and one that names ids loses them.
  // With a submitter: it sees a worker's crash at once, and may take a pause for one.
  double report = 0;
  // The coordinator dies in the middle of sending.
  double coordinator_crash = 0;
  uint32_t coordinator_crashes_max = 0;
  // A server dies in the middle of sending, once there is a checkpoint.
  double server_crash = 0;
  uint32_t server_crashes_max = 0;
  // A worker or a server is told to leave, and another one comes.
  double leave = 0;
  uint32_t leaves_max = 0;
  Micros exodus_at = 0;  // All workers die, to come back one by one; 0: they do not.
  // All processes die, and nothing is left but checkpoints: from then on, or as soon as there is
  // one, another cluster goes on, with other servers and partitions; 0: they do not.
  Micros move_at = 0;
  uint32_t moved_servers = 0;
  uint32_t moved_partitions = 0;
  // Servers and the coordinator stand still as workers do, servers until they are taken for dead.
  double server_pause = 0;
  uint32_t server_pauses_max = 0;
  Micros server_pause_most = 2'500 * kMicrosPerMilli;
  double coordinator_pause = 0;
  uint32_t coordinator_pauses_max = 0;
  // Clocks of machines run at their own rate, this much faster or slower at most, from their own
  // zero on.
  double drift = 0;
  // A machine loses its power with a process of it, or while the job log is written.
  double power_loss = 0;
  double disk_error = 0;  // A write of a checkpoint fails.
  // A crash finds a bit of a checkpoint, or of the log, flipped, or a file of a checkpoint that
  // cannot be read.
  double damage = 0;
};

struct Scenario {
  uint64_t seed = 1;
  uint32_t servers = 3;
  uint32_t executors = 1;  // Of each server.
  uint32_t workers = 3;
  uint32_t capacity = 4;  // Of a worker, streams.
  uint32_t clients = 0;   // Programs of users, who join some time.
  uint32_t steps_in_flight = 2;
  JobSpec job;
  JobPlan plan;
  CoordinatorTimes times;
  CutSizes sizes;
  size_t pulled_ids_bytes_max = limits::kPulledIdsBytesMax;  // What an executor remembers.
  ProgramShape shape;
  Faults faults;
  ServerGuards guards;
  bool rollback_check = true;  // As ClientCore::Options.
  bool submitted = false;      // The coordinator starts idle, and a submitter brings the job.
  bool log_first = true;       // False: the coordinator acts before its records are durable.
  bool syncs = true;           // False: disks say that they have stored what they have not.
  // What goes wrong with a process is numbered; these do not happen.
  std::set<uint32_t> skipped_mishaps;
  Micros heal_at = 4 * kMicrosPerSecond;    // The faults stop: the liveness phase begins,
  Micros patience = 60 * kMicrosPerSecond;  // and has to end within this.
  uint64_t events_max = 400'000;
};

// A pure function of its arguments. `mode` fixes the consistency, which the seed draws otherwise.
Scenario MakeScenario(uint64_t seed, std::optional<Consistency> mode = std::nullopt);

// Servers and workers of it die all the time: rollbacks follow each other closely, with many
// attempts of each stream between them.
void MakeHarsh(Scenario* scenario);

}  // namespace cairn::sim
