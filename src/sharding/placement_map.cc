#include "sharding/placement_map.h"

#include "base/check.h"

namespace cairn {

std::vector<uint32_t> AssignPartitions(uint32_t partitions, uint32_t servers) {
  CAIRN_CHECK(servers > 0);
  const uint32_t share = partitions / servers;
  const uint32_t larger = partitions % servers;  // So many servers hold one more.
  std::vector<uint32_t> owner;
  owner.reserve(partitions);
  for (uint32_t server = 0; owner.size() < partitions; ++server) {
    owner.insert(owner.end(), share + (server < larger ? 1 : 0), server);
  }
  return owner;
}

}  // namespace cairn
