// What a training tells as lines of JSON (--log-format json): events of train_view.h. Pure.
#pragma once

#include <string>

#include "base/time_source.h"
#include "cairn/train.h"
#include "cli/train_meter.h"

namespace cairn {

// All are base/json_log.h's EventLine; `at` is the time of day. Fields have the names of the
// report's where they mean the same; what is not known is null.
std::string BeginEvent(Micros at, const TrainOptions& options);
std::string DataEvent(Micros at, const std::string& data);
std::string ProgressEvent(Micros at, const TrainProgress& progress, const TrainPace& pace);
std::string EpochEvent(Micros at, const EpochReport& epoch);
std::string LogsEvent(Micros at, const std::string& directory);  // A note too, but no warning.
std::string NoteEvent(Micros at, const std::string& note);       // A warning: TrainReport::notes.
std::string EndEvent(Micros at, const TrainReport& report);

}  // namespace cairn
