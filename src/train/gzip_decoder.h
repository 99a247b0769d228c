// Decompression of gzip (RFC 1952).
#pragma once

#include <memory>
#include <span>

#include "train/text_decoder.h"

struct z_stream_s;

namespace cairn {

// Any number of members, as pigz, bgzip and plain concatenation make them. Zeros behind a member
// are padding, as gzip itself takes them.
class GzipDecoder final : public TextDecoder {
 public:
  GzipDecoder();

  absl::StatusOr<Step> Decode(std::span<const char> in, std::span<char> out) override;

 private:
  struct Free {
    void operator()(z_stream_s* stream) const;
  };

  const std::unique_ptr<z_stream_s, Free> stream_;
  bool between_members_ = false;
};

}  // namespace cairn
