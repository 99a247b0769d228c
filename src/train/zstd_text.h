// Decompression of whole zstd files into memory, within a bound.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace cairn {

// Fills the buffer from where the last call stopped; returns less than its size at the end only.
using ReadMore = std::function<absl::StatusOr<size_t>(std::span<char> buffer)>;

// All frames of a compressed file, one text. kDataLoss: damaged, or cut off inside a frame.
// kResourceExhausted: the text is longer than `text_bytes_max`; at most about that much memory has
// been used when this is found.
absl::StatusOr<std::string> DecompressZstd(const ReadMore& read_more, uint64_t text_bytes_max);

}  // namespace cairn
