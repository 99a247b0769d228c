// Decompression, piece by piece: what zstd and gzip files have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn {

// What starts a file decides how it is read, whatever its name is.
enum class Compression : uint8_t { kNone, kZstd, kGzip };
Compression DetectCompression(std::string_view first_bytes);
std::string_view CompressionName(Compression compression);  // "none", "zstd", "gzip".

// A compressed file is a sequence of frames (zstd) or members (gzip): their texts, put together,
// are the file's text. One decoder reads one file; not thread-safe.
class TextDecoder {
 public:
  struct Step {
    size_t consumed = 0;  // Bytes of `in`.
    size_t produced = 0;  // Bytes of `out`.
    // Whether a file may end with the last byte that was consumed, all of its text produced.
    bool complete = false;
  };

  virtual ~TextDecoder() = default;

  // Goes on where the last call stopped, until one of the two is used up or a frame ends. `out` is
  // not empty; `in` may be: then only what is held back comes out. kDataLoss, without the file's
  // name: damaged. What came out before is what the file says, but only the end of a frame proves
  // it.
  virtual absl::StatusOr<Step> Decode(std::span<const char> in, std::span<char> out) = 0;
};

// Null for kNone.
std::unique_ptr<TextDecoder> MakeDecoder(Compression compression);

}  // namespace cairn
