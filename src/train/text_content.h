// The text of one file, to be read at any offset.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "train/text_decoder.h"

namespace cairn {

// How a text lies on the disk.
struct TextStorage {
  Compression compression = Compression::kNone;
  uint64_t bytes = 0;
};

// Thread-safe.
class TextContent {
 public:
  virtual ~TextContent() = default;

  virtual uint64_t bytes() const = 0;
  virtual TextStorage storage() const = 0;

  // Bytes [offset, offset + bytes), fewer at the end only. The view is into `buffer` or into this
  // object: valid as long as both, until the next call that is given the same buffer.
  virtual absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes,
                                                std::string* buffer) const = 0;
};

// A text that is in memory, wherever it came from.
std::unique_ptr<TextContent> TextInMemory(std::string text);

// A plain file stays on the disk; a compressed one is decompressed into memory at once, because it
// has no random access, and what its text takes is subtracted from `memory_left`. Fails as
// PlainFile, TextReader and ReadAllText do.
absl::StatusOr<std::unique_ptr<TextContent>> OpenText(const std::string& path,
                                                      uint64_t* memory_left);

}  // namespace cairn
