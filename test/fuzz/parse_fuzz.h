// Fuzz entries for the text formats: any bytes, no crash, and rows that hold together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn {

// Parses the bytes as libsvm and as libffm, whole and line by line, and CHECKs that both ways give
// the same rows. Returns 0, as libFuzzer wants it.
int ParseLinesFuzz(const uint8_t* data, size_t bytes);

}  // namespace cairn
