// Where partitions go at the start of a job: pure functions for the coordinator.
#pragma once

#include <cstdint>
#include <vector>

namespace cairn {

// The position, 0 .. servers - 1, of the server that gets each partition: contiguous ranges in
// ascending order, whose sizes differ by at most one (the larger ones first). With more servers
// than partitions the last servers get none. CHECKs servers > 0.
std::vector<uint32_t> AssignPartitions(uint32_t partitions, uint32_t servers);

}  // namespace cairn
