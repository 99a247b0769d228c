// The options of where steps are computed, which are those of whoever starts workers.
#pragma once

#include <string_view>
#include <vector>

#include "base/option_spec.h"
#include "base/option_values.h"
#include "train/step_device.h"

namespace cairn {

// --device and --device-memory. A section of `cairn train` is of whoever starts all workers;
// another one is of a single worker.
std::vector<OptionSpec> DeviceOptions(std::string_view section);
DeviceWish DeviceOf(const OptionValues& values);

}  // namespace cairn
