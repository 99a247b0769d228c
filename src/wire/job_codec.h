// A JobSpec as bytes: in Welcome, and wherever else a job has to outlive its process. Pure.
#pragma once

#include "absl/status/status.h"
#include "cairn/job.h"
#include "wire/byte_io.h"

namespace cairn {

void WriteJob(const JobSpec& job, ByteWriter* out);

// Checks lengths, counts and enums; CheckJob has the last word on what is sensible.
// kInvalidArgument names the field and its offset.
absl::Status ReadJob(ByteReader* in, JobSpec* job);

}  // namespace cairn
