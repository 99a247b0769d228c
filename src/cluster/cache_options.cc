#include "cluster/cache_options.h"

namespace cairn {

std::vector<OptionSpec> CacheOptions(std::string_view section) {
  using Kind = OptionSpec::Kind;
  constexpr uint64_t kMibMax = uint64_t{1} << 24;  // Address space for it is there.
  return {
      {.name = "cache",
       .kind = Kind::kText,
       .metavar = "WHERE",
       .section = section,
       .help = "Keep parsed rows for later epochs: none, memory, or a directory, where later jobs "
               "on the same data find them too",
       .fallback = "none"},
      {.name = "cache-mib",
       .kind = Kind::kCount,
       .metavar = "MIB",
       .section = section,
       .help = "Memory that they may take in each process; the text of others is parsed again",
       .fallback = "1024",
       .counts = {.min = 1, .max = kMibMax}},
  };
}

RowCache::Options CacheOf(const OptionValues& values) {
  return {values.Text("cache"), values.Count("cache-mib") << 20};
}

}  // namespace cairn
