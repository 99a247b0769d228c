#include "cluster/line_reader.h"

#include <span>
#include <utility>

#include "base/status.h"

namespace cairn {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(FileSystem* files,
                                                             const std::string& path) {
  std::unique_ptr<LineReader> reader(new LineReader(files, path));
  std::string magic(kZstdMagic.size(), '\0');
  CAIRN_ASSIGN_OR_RETURN(
      const size_t bytes,
      files->ReadAt(path, 0, std::as_writable_bytes(std::span(magic.data(), magic.size()))));
  if (bytes == magic.size() && magic == kZstdMagic) {
    LineReader* const raw = reader.get();
    reader->zstd_ = std::make_unique<ZstdDecompressor>(
        [raw](std::span<char> buffer) { return raw->ReadFile(buffer); });
  }
  return reader;
}

absl::StatusOr<size_t> LineReader::ReadFile(std::span<char> buffer) {
  CAIRN_ASSIGN_OR_RETURN(const size_t bytes,
                         files_->ReadAt(path_, offset_, std::as_writable_bytes(buffer)));
  offset_ += bytes;
  return bytes;
}

// Puts one more piece behind what is left of the text.
absl::Status LineReader::Fill() {
  text_.erase(0, std::exchange(begin_, 0));
  const size_t kept = text_.size();
  text_.resize(kept + kPieceBytes);
  const std::span<char> room(text_.data() + kept, kPieceBytes);
  const absl::StatusOr<size_t> bytes = zstd_ != nullptr ? zstd_->Read(room) : ReadFile(room);
  text_.resize(kept + (bytes.ok() ? *bytes : 0));
  if (!bytes.ok()) return zstd_ != nullptr ? Annotate(bytes.status(), path_) : bytes.status();
  ended_ = *bytes < kPieceBytes;
  return {};
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
