#include "sharding/placement_map.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("AssignPartitions gives contiguous ranges, the larger ones first") {
  using Owners = std::vector<uint32_t>;
  CHECK(AssignPartitions(8, 3) == Owners{0, 0, 0, 1, 1, 1, 2, 2});
  CHECK(AssignPartitions(4, 1) == Owners{0, 0, 0, 0});
  CHECK(AssignPartitions(2, 5) == Owners{0, 1});
}

TEST_CASE("every partition has an owner, and the shares differ by at most one") {
  for (uint32_t partitions = 1; partitions <= 512; partitions *= 2) {
    for (uint32_t servers = 1; servers <= 100; ++servers) {
      const std::vector<uint32_t> owner = AssignPartitions(partitions, servers);
      REQUIRE(owner.size() == partitions);
      REQUIRE(std::is_sorted(owner.begin(), owner.end()));
      REQUIRE(owner.back() < servers);
      std::vector<uint32_t> share(servers, 0);
      for (const uint32_t server : owner) ++share[server];
      REQUIRE(std::is_sorted(share.rbegin(), share.rend()));
      REQUIRE(share.front() - share.back() <= 1);
    }
  }
}

}  // namespace
}  // namespace cairn
