#include "cluster/line_reader.h"

#include <utility>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<PlainFile> file, PlainFile::Open(path));
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<TextReader> reader, TextReader::Open(file.get()));
  return std::unique_ptr<LineReader>(new LineReader(path, std::move(file), std::move(reader)));
}

LineReader::LineReader(std::string path, std::unique_ptr<PlainFile> file,
                       std::unique_ptr<TextReader> reader)
    : path_(std::move(path)), file_(std::move(file)), reader_(std::move(reader)) {}

// Puts one more piece behind what is left of the text.
absl::Status LineReader::Fill() {
  text_.erase(0, std::exchange(begin_, 0));
  const size_t kept = text_.size();
  text_.resize(kept + kPieceBytes);
  CAIRN_ASSIGN_OR_RETURN(const size_t bytes, reader_->Read({text_.data() + kept, kPieceBytes}));
  text_.resize(kept + bytes);
  ended_ = bytes < kPieceBytes;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Next(std::string_view* line) {
  size_t searched = begin_;
  while (true) {
    const size_t end = text_.find('\n', searched);
    if (end != std::string::npos) {
      *line = std::string_view(text_).substr(begin_, end - begin_);
      begin_ = end + 1;
      ++number_;
      return true;
    }
    const size_t left = text_.size() - begin_;
    if (ended_ && left == 0) return false;
    if (ended_) {
      return DataLoss(path_, ":", number_ + 1, ": the line does not end: the text is cut short");
    }
    if (left > kLineBytesMax) {
      return DataLoss(path_, ":", number_ + 1, ": a line of more than ", kLineBytesMax, " bytes");
    }
    CAIRN_RETURN_IF_ERROR(Fill());
    searched = begin_ + left;
  }
}

}  // namespace cairn
