// A JobSpec and a JobPlan as bytes: in Welcome and Submit, and wherever else a job has to outlive
// its process. Pure.
#pragma once

#include "absl/status/status.h"
#include "cairn/job.h"
#include "wire/byte_io.h"
#include "wire/job_plan.h"

namespace cairn {

void WriteJob(const JobSpec& job, ByteWriter* out);

// Checks lengths, counts and enums; CheckJob has the last word on what is sensible.
// kInvalidArgument names the field and its offset.
absl::Status ReadJob(ByteReader* in, JobSpec* job);

void WritePlan(const JobPlan& plan, ByteWriter* out);

// Checks enums and that every float is a finite number; CheckPlan (sharding/plan_check.h) has the
// last word. kInvalidArgument names the field.
absl::Status ReadPlan(ByteReader* in, JobPlan* plan);

}  // namespace cairn
