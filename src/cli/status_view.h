// How `cairn status` shows a job. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/time_source.h"
#include "wire/message.h"

namespace cairn {

// What was known some time before, for rates.
struct EarlierStatus {
  Micros at = 0;
  JobStatus status;
};

// A table of epochs that are over: rows, losses, the metric. At least one.
std::string FormatEpochs(std::span<const EpochRecord> epochs);

// Lines for people: the job and where it is, what it waits for, the last epochs, the members.
// `now` and EarlierStatus::at are of one TimeSource.
std::string FormatStatus(const JobStatus& status, Micros now,
                         const std::optional<EarlierStatus>& earlier);

}  // namespace cairn
