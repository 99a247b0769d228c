// What a command did, as JSON for programs. Pure.
#pragma once

#include <string>

#include "cairn/train.h"

namespace cairn {

// Names of fields are those of TrainReport and EvalReport, but for the losses of an epoch, which
// say of which data they are; figures that do not exist are null. "settings" holds what held under
// the names of the options.
std::string TrainReportAsJson(const TrainOptions& options, const TrainReport& report);
std::string EvalReportAsJson(const EvalReport& report);

}  // namespace cairn
