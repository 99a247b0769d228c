// What a coordinator refuses before a job exists: a plan that contradicts itself or its job. Pure.
#pragma once

#include "absl/status/status.h"
#include "wire/job_plan.h"

namespace cairn {

// Of a job that CheckJob has passed. kInvalidArgument names the first field that is out of its
// range or contradicts another.
absl::Status CheckPlan(const JobDefinition& job);

}  // namespace cairn
