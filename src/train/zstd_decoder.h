// Decompression of zstd.
#pragma once

#include <memory>
#include <span>

#include "train/text_decoder.h"

struct ZSTD_DCtx_s;

namespace cairn {

// Any number of frames, skippable ones among them.
class ZstdDecoder final : public TextDecoder {
 public:
  ZstdDecoder();

  absl::StatusOr<Step> Decode(std::span<const char> in, std::span<char> out) override;

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* stream) const;
  };

  const std::unique_ptr<ZSTD_DCtx_s, Free> stream_;
};

}  // namespace cairn
