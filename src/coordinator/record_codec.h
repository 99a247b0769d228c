// The coordinator's records, and the state that they fold into, as bytes: for the job log. Pure.
#pragma once

#include "absl/status/status.h"
#include "coordinator/job_state.h"
#include "wire/byte_io.h"

namespace cairn {

void WriteRecord(const LogRecord& record, ByteWriter* out);
// kInvalidArgument: that is not what the bytes are. Whether the record fits the state is not
// looked at.
absl::Status ReadRecord(ByteReader* in, LogRecord* record);

void WriteState(const JobState& state, ByteWriter* out);
// Likewise.
absl::Status ReadState(ByteReader* in, JobState* state);

}  // namespace cairn
