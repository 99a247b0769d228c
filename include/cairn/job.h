// A job, as its coordinator is told and as it tells everybody who joins. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/table.h"
#include "cairn/types.h"

namespace cairn {

struct JobSpec {
  std::string name = "job";
  uint64_t seed = 1;         // Initial weights, data order, every random decision.
  uint32_t partitions = 64;  // A power of two, 1 .. 65,536; fixed for the life of the job.
  ConsistencyMode mode;
  uint32_t streams = 4;  // kBsp, kSsp: how many streams the data is cut into. Unused with kAsp.
  // Anything but kF32: not with kBsp.
  WireValues wire_values = WireValues::kF32;
  std::vector<TableSpec> tables;
  std::string init_dir;  // A saved model to start from; empty: new rows everywhere.

  // What the workers are to do, in the trainer's own encoding; opaque to servers and coordinator.
  std::string program;

  bool operator==(const JobSpec&) const = default;
};

// kInvalidArgument names the first field that is out of its range or contradicts another.
absl::Status CheckJob(const JobSpec& job);

}  // namespace cairn
