// Brings a job to a coordinator at an address and follows it to its end.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/time_source.h"
#include "cluster/job_handle.h"
#include "transport/transport_maker.h"
#include "wire/job_plan.h"

namespace cairn {

struct SubmitterOptions {
  std::string coordinator;  // Its address.
  JobDefinition job;
  Micros join_timeout = 60 * kMicrosPerSecond;    // For the coordinator to answer.
  Micros orphan_timeout = 60 * kMicrosPerSecond;  // Of its silence, later.
};

// Returns at once; what keeps the job from running (no coordinator, one that has a job already) is
// its JobResult. The coordinator ends the job if the handle is destroyed before it is over.
// kInvalidArgument: the job contradicts itself.
absl::StatusOr<std::unique_ptr<JobHandle>> StartSubmitter(SubmitterOptions options,
                                                          const TransportMaker& make_transport);

// Over ZeroMQ. kInvalidArgument, too: the address is none.
absl::StatusOr<std::unique_ptr<JobHandle>> StartSubmitter(SubmitterOptions options);

}  // namespace cairn
