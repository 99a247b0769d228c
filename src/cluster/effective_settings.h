// What holds in a job after all defaults are filled in, and what a saved model was trained with,
// under the names of the command line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cairn/job.h"
#include "cairn/train.h"
#include "train/program.h"

namespace cairn {

// TrainReport::settings. `batch_rows`: how many rows a batch really has, about.
std::vector<std::pair<std::string, std::string>> EffectiveSettings(const TrainOptions& options,
                                                                   const TrainProgram& program,
                                                                   const JobSpec& job,
                                                                   double batch_rows);

// ModelReport::settings: what a saved program says of how its model was trained, likewise.
std::vector<std::pair<std::string, std::string>> SettingsOf(const TrainProgram& program);

}  // namespace cairn
