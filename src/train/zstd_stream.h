// zstd piece by piece, for text that need not fit into memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/zstd_text.h"

namespace cairn {

// The first bytes of every zstd file.
inline constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// Compresses one frame. Not thread-safe.
class ZstdCompressor {
 public:
  ZstdCompressor();
  ~ZstdCompressor();

  // Appends what is ready of the compressed text to `out`.
  absl::Status Add(std::string_view text, std::string* out);
  // Appends the rest. Nothing may follow.
  absl::Status Finish(std::string* out);

 private:
  absl::Status Compress(std::string_view text, bool last, std::string* out);

  struct Stream;
  std::unique_ptr<Stream> stream_;
};

// Decompresses a file of any number of frames. Not thread-safe. Memory is bounded by zstd's own
// window, at most 128 MiB.
class ZstdDecompressor {
 public:
  explicit ZstdDecompressor(ReadMore read_more);
  ~ZstdDecompressor();

  // Fills `text`; returns less than its size only at the end. kDataLoss: damaged, or cut off.
  absl::StatusOr<size_t> Read(std::span<char> text);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  ReadMore read_more_;
  std::vector<char> compressed_;
  size_t begin_ = 0, end_ = 0;  // Of what is in compressed_ and not yet used.
  bool input_ended_ = false;
  bool in_frame_ = false;
};

}  // namespace cairn
