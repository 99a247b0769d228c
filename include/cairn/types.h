// The words that every part of Cairn's interface shares. Standard library only.
#pragma once

#include <cstdint>
#include <string>

namespace cairn {

// A feature id. Every 64-bit value is legal; none is reserved. Hash strings before you get here.
using Key = uint64_t;

// When a pull may be answered, and when a push takes effect. DESIGN: doc/protocol.md.
enum class Consistency : uint8_t {
  kAsp,  // Asynchronous: at once. A client always sees its own acknowledged pushes.
  kSsp,  // Stale synchronous: a pull for step t waits for all pushes of steps <= t - 1 - staleness.
  kBsp,  // Bulk synchronous: step t is applied once, when every stream's part of it is there.
};

// One (consistency, staleness) pair as the command line writes it: "asp", "bsp", "ssp:2".
struct ConsistencyMode {
  Consistency consistency = Consistency::kAsp;
  uint32_t staleness = 0;  // Steps; kSsp only.

  bool operator==(const ConsistencyMode&) const = default;
};

}  // namespace cairn
