// What `cairn train --dry-run` prints. Pure.
#pragma once

#include <string>

#include "cairn/train.h"

namespace cairn {

// Lines for people: the data, the tables, the memory, then every setting as it would hold.
std::string FormatPreview(const TrainPreview& preview);

}  // namespace cairn
