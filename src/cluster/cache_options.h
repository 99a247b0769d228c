// The options of a cache of rows, which are those of whoever starts workers.
#pragma once

#include <string_view>
#include <vector>

#include "base/option_spec.h"
#include "base/option_values.h"
#include "train/row_cache.h"

namespace cairn {

// --cache and --cache-mib.
std::vector<OptionSpec> CacheOptions(std::string_view section);
RowCache::Options CacheOf(const OptionValues& values);

}  // namespace cairn
