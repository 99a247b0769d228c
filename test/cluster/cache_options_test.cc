#include "cluster/cache_options.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("The options of a cache stand where they are asked for, and say none",
          "[cache_options]") {
  const std::vector<OptionSpec> options = CacheOptions("Work");
  REQUIRE(options.size() == 2);
  for (const OptionSpec& option : options) CHECK(option.section == "Work");
  CHECK(options[0].name == "cache");
  CHECK(options[0].fallback == RowCache::Options().where);
  CHECK(options[1].name == "cache-mib");
  CHECK(options[1].fallback ==
        std::to_string(RowCache::Options().memory_bytes_max / (uint64_t{1} << 20)));
  CHECK_FALSE(CheckOptionValue(options[1], "--cache-mib", "0").ok());
}

}  // namespace
}  // namespace cairn
