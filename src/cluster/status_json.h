// The state of a job for programs.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "wire/message.h"

namespace cairn {

// One JSON object. The job's result (code, message, digest and so on) is there once it is over;
// metrics that do not exist are null. doc/cluster.md describes the fields.
std::string JobStatusAsJson(const JobStatus& status);

// The member "epochs_done" of an object, as it is in that one.
void EpochsAsJson(JsonWriter* json, std::span<const EpochRecord> epochs);

}  // namespace cairn
