#include "train/text_content.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/status.h"
#include "train/plain_file.h"
#include "train/text_reader.h"

namespace cairn {
namespace {

class DiskText final : public TextContent {
 public:
  explicit DiskText(std::unique_ptr<PlainFile> file) : file_(std::move(file)) {}

  uint64_t bytes() const override { return file_->bytes(); }
  TextStorage storage() const override { return {Compression::kNone, file_->bytes()}; }

  absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes,
                                        std::string* buffer) const override {
    offset = std::min(offset, file_->bytes());
    bytes = std::min(bytes, file_->bytes() - offset);
    if (buffer->size() < bytes) buffer->resize(bytes);
    const std::span<char> room(buffer->data(), bytes);
    CAIRN_RETURN_IF_ERROR(file_->Read(offset, room));
    return std::string_view(room.data(), room.size());
  }

 private:
  const std::unique_ptr<PlainFile> file_;
};

std::string_view ViewOf(const std::string& text) { return text; }
std::string_view ViewOf(const TextMemory& text) { return text.view(); }

template <typename Text>
class MemoryText final : public TextContent {
 public:
  MemoryText(Text text, const TextStorage& storage) : text_(std::move(text)), storage_(storage) {}

  uint64_t bytes() const override { return ViewOf(text_).size(); }
  TextStorage storage() const override { return storage_; }

  absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes,
                                        std::string*) const override {
    const std::string_view text = ViewOf(text_);
    return text.substr(std::min<uint64_t>(offset, text.size()), bytes);
  }

 private:
  const Text text_;
  const TextStorage storage_;
};

}  // namespace

std::unique_ptr<TextContent> TextInMemory(std::string text) {
  return std::make_unique<MemoryText<std::string>>(std::move(text), TextStorage{});
}

absl::StatusOr<std::unique_ptr<TextContent>> OpenText(const std::string& path,
                                                      uint64_t* memory_left) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<PlainFile> file, PlainFile::Open(path));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<TextReader> reader, TextReader::Open(file.get()));
  if (reader->compression() == Compression::kNone) {
    return std::make_unique<DiskText>(std::move(file));
  }
  CAIRN_ASSIGN_OR_RETURN(TextMemory text, ReadAllText(reader.get(), file->name(), *memory_left));
  *memory_left -= text.view().size();
  return std::make_unique<MemoryText<TextMemory>>(
      std::move(text), TextStorage{reader->compression(), file->bytes()});
}

}  // namespace cairn
