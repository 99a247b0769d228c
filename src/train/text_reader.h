// The text of one file from its beginning to its end, decompressed on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/reserved_memory.h"
#include "train/plain_file.h"
#include "train/text_decoder.h"

namespace cairn {

// Holds a bounded piece of the file, whatever the file's size. Not thread-safe.
class TextReader {
 public:
  // `file` must outlive the reader. Fails as PlainFile::Read does; kInvalidArgument: a kind of file
  // that is surely no data, such as a zip archive.
  static absl::StatusOr<std::unique_ptr<TextReader>> Open(const PlainFile* file);

  Compression compression() const { return compression_; }

  // Fills the buffer, but for the end of the text. Fails as PlainFile::Read does; kDataLoss: the
  // compressed data is damaged or cut off. The message begins with the file's name and tells how
  // much text came before.
  absl::StatusOr<size_t> Read(std::span<char> buffer);

 private:
  TextReader(const PlainFile* file, Compression compression);
  absl::StatusOr<size_t> ReadPlain(std::span<char> buffer);
  absl::StatusOr<size_t> ReadCompressed(std::span<char> buffer);
  absl::Status FillInput();
  absl::Status Broken(const std::string& what, uint64_t text_bytes) const;

  const PlainFile* const file_;
  const Compression compression_;
  const std::unique_ptr<TextDecoder> decoder_;  // Null: the file is its text.
  uint64_t offset_ = 0;                         // In the file, of what is read next.
  uint64_t text_bytes_ = 0;                     // That Read has returned.
  std::vector<char> input_;                     // Compressed bytes; those from at_ on are left.
  size_t at_ = 0;
  bool complete_ = false;  // Of the decoder's last step.
};

// A long text, which takes as much memory as it has bytes.
class TextMemory {
 public:
  TextMemory() : memory_(1) {}
  std::string_view view() const { return {reinterpret_cast<const char*>(memory_.data()), bytes_}; }

  // Room for at least one byte more, behind the text; zeros, and no memory until it is written to.
  std::span<char> Room();
  void Extend(size_t bytes) { bytes_ += bytes; }  // By what was written to the room's front.
  void Finish() { memory_.Resize(bytes_); }       // There will be no more.

 private:
  ReservedMemory memory_;
  size_t bytes_ = 0;
};

// All that is left of the text. kResourceExhausted: it is longer than `bytes_max`; about that much
// memory has been used when this is found.
absl::StatusOr<TextMemory> ReadAllText(TextReader* reader, const std::string& name,
                                       uint64_t bytes_max);

}  // namespace cairn
