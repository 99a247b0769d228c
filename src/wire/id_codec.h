// How the ids of a message travel. Ids of a slice ascend and are mostly hashes, so the gaps between
// them are close to geometrically distributed; a Golomb-Rice code of the gaps takes 52.19 bits for
// each of 10,000 ids of 2^64, where the information bound is 52.16. (Golomb: Run-length encodings,
// 1966; Rice, Plaunt: Adaptive variable-length coding, 1971.) Any other ids travel as exactly,
// with at most 8 bytes each. doc/wire.md, "Ids", is the specification. Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "wire/byte_io.h"

namespace cairn {

using IdLists = std::vector<std::span<const uint64_t>>;

// Appends the ids of all lists, one list after the other; nothing if there are none.
void WriteIds(const IdLists& lists, ByteWriter* out);

// What WriteIds appends at most.
size_t IdBytesMax(size_t count);

// Reads `count` ids into memory of the caller's, who has made sure that at least `count` bytes are
// left: an id never takes less than one. kInvalidArgument: they are not what WriteIds writes.
absl::Status ReadIds(ByteReader* in, size_t count, uint64_t* ids);

}  // namespace cairn
