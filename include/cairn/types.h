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

// How precisely the values of sparse tables travel in training: what is pulled, what is pushed.
// Rows and optimizer state are float32 always, and so is everything of dense tables, of tables with
// an optimizer "sum" or "assign", and outside of training. Values are rounded within a process too,
// so that a job does not depend on where it runs.
enum class WireValues : uint8_t {
  kF32 = 0,     // Exactly.
  kBf16 = 1,    // As bfloat16, 8 significant bits: half of the bytes.
  kBf16F8 = 2,  // Pushed as floats of 8 bits, 3 of them significant, rounded by chance so that the
                // mean is right; pulled as kBf16.
};

}  // namespace cairn
