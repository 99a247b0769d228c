// Compression with zstd, piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

struct ZSTD_CCtx_s;

namespace cairn {

// Makes one frame, with a checksum. Not thread-safe.
class ZstdEncoder {
 public:
  ZstdEncoder();

  // Appends what is ready of the compressed text to `out`.
  absl::Status Add(std::string_view text, std::string* out);
  // Appends the rest. Nothing may follow.
  absl::Status Finish(std::string* out);

 private:
  enum class Part { kMore, kLast };
  absl::Status Encode(std::string_view text, Part part, std::string* out);

  struct Free {
    void operator()(ZSTD_CCtx_s* stream) const;
  };

  const std::unique_ptr<ZSTD_CCtx_s, Free> stream_;
};

}  // namespace cairn
