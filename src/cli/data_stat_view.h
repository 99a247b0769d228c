// What `cairn data stat` prints: for people, and as JSON for programs. Pure.
#pragma once

#include <string>

#include "train/data_stat.h"

namespace cairn {

std::string DataStatAsText(const DataStat& stat);
// The fields of DataStat; what is an estimate has its relative error beside it.
std::string DataStatAsJson(const DataStat& stat);

}  // namespace cairn
