// What a coordinator refuses before a job exists: a plan that contradicts itself or its job. Pure.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "wire/job_plan.h"

namespace cairn {

// Of a job that CheckJob has passed. kInvalidArgument names the first field that is out of its
// range or contradicts another.
absl::Status CheckPlan(const JobDefinition& job);

// Whether there is a partition for each server: more of them would be idle. kInvalidArgument, in
// the words of the options.
absl::Status CheckServers(uint32_t servers, uint32_t partitions);

}  // namespace cairn
