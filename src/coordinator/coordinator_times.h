// How patient the coordinator is. Not part of the job: tests and the simulator change them.
#pragma once

#include <cstdint>

#include "base/time_source.h"

namespace cairn {

struct CoordinatorTimes {
  Micros heartbeat = 500 * kMicrosPerMilli;
  Micros worker_lease = 10 * kMicrosPerSecond;     // Silent for longer: its streams go to others.
  Micros server_lease = 20 * kMicrosPerSecond;     // Silent for longer: its partitions are lost.
  Micros submitter_lease = 60 * kMicrosPerSecond;  // Silent for longer: nobody wants the job.
  Micros job_timeout = 600 * kMicrosPerSecond;     // For a job to be submitted.
  Micros form_timeout = 60 * kMicrosPerSecond;     // For all expected members to join.
  Micros worker_timeout = 60 * kMicrosPerSecond;   // Training, without any worker left.
  Micros replacement_timeout = 5 * kMicrosPerSecond;  // For a server in a lost one's place.
  Micros save_timeout = 60 * kMicrosPerSecond;        // Saving, without any partition's answer.
  Micros last_checkpoint = 10 * kMicrosPerSecond;     // For one more, after an interrupt.
  Micros repeat = 300 * kMicrosPerMilli;              // Requests that were not answered.
  Micros farewell = 5 * kMicrosPerSecond;             // For members to confirm the end.
  // bsp: a checkpoint is of a step so far ahead of the partitions, that word of it may reach them
  // in time; further after one that came too late.
  uint64_t cut_ahead = 64;
  // Steps of each stream of a lost worker that are run alone, from the recorded progress on; twice
  // as many after each loss without any more of it. A worker is further than it has reported. 0:
  // none.
  uint64_t suspects = 16;
  // Of all batches so many may be left out since workers died of them; one may in any case.
  double left_out_most = 0.001;
};

}  // namespace cairn
