// The lines of a text file, plain or compressed, one after the other, in bounded memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "train/plain_file.h"
#include "train/text_reader.h"

namespace cairn {

// Not thread-safe. Errors name the path: those of PlainFile and TextReader; kDataLoss, too, for a
// last line without its line break, and for a line of more than kLineBytesMax bytes.
class LineReader {
 public:
  static constexpr size_t kLineBytesMax = size_t{16} << 20;

  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);

  // True: `line`, without its line break, lives until the next call. False: there are no more.
  absl::StatusOr<bool> Next(std::string_view* line);
  uint64_t number() const { return number_; }  // Of the last line, from 1.

 private:
  LineReader(std::string path, std::unique_ptr<PlainFile> file, std::unique_ptr<TextReader> reader);
  absl::Status Fill();

  const std::string path_;
  const std::unique_ptr<PlainFile> file_;
  const std::unique_ptr<TextReader> reader_;
  std::string text_;  // Lines, the last of them perhaps not whole.
  size_t begin_ = 0;  // Of what was not yet told.
  bool ended_ = false;
  uint64_t number_ = 0;
};

}  // namespace cairn
