#include "train/idx_content.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

constexpr uint8_t kUnsignedBytes = 0x08;
constexpr size_t kDimensionsMax = 4;
constexpr std::string_view kImages = "images-idx";
constexpr std::string_view kLabels = "labels-idx1";

struct IdxHeader {
  uint64_t bytes = 0;  // Of the header.
  std::vector<uint64_t> sizes;
};

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

absl::StatusOr<IdxHeader> ReadHeader(const std::string& path, const TextContent& content) {
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view text,
                         content.Read(0, kIdxMagicBytes + 4 * kDimensionsMax, &buffer));
  if (!IsIdx(text)) return InvalidArgument(path, ": not an idx file: it begins with other bytes");
  if (static_cast<uint8_t>(text[2]) != kUnsignedBytes) {
    return InvalidArgument(path, ": an idx file of another type than unsigned bytes (type ",
                           static_cast<int>(static_cast<uint8_t>(text[2])), ", not 8)");
  }
  const size_t dimensions = static_cast<uint8_t>(text[3]);
  if (dimensions > kDimensionsMax) {
    return InvalidArgument(path, ": an idx file of ", dimensions, " dimensions; at most ",
                           kDimensionsMax);
  }
  IdxHeader header;
  header.bytes = kIdxMagicBytes + 4 * dimensions;
  if (text.size() < header.bytes) {
    return InvalidArgument(path, ": the idx file has been cut off within its header");
  }
  for (size_t i = 0; i < dimensions; ++i) {
    header.sizes.push_back(ReadBigEndian(text.substr(kIdxMagicBytes + 4 * i)));
    if (header.sizes.back() == 0) return InvalidArgument(path, ": an idx file without values");
  }
  return header;
}

// Sizes are below 2^32 and rows at most kIdxRowBytesMax, so the product stays within 64 bits.
absl::Status CheckSize(const std::string& path, const TextContent& content, const IdxHeader& header,
                       uint64_t row_bytes) {
  const uint64_t expected = header.bytes + header.sizes[0] * row_bytes;
  if (content.bytes() == expected) return absl::OkStatus();
  return InvalidArgument(path, ": holds ", content.bytes(), " bytes, but its header says ",
                         expected, " (", header.sizes[0], " rows of ", row_bytes, ")",
                         content.bytes() < expected ? ": the file has been cut off" : "");
}

absl::StatusOr<uint64_t> ImageBytes(const std::string& path, const IdxHeader& header) {
  uint64_t bytes = 1;
  for (size_t i = 1; i < header.sizes.size(); ++i) {
    // Both factors are below 2^32.
    bytes *= header.sizes[i];
    if (bytes >= kIdxRowBytesMax) {
      return InvalidArgument(path, ": the header says that an image has ", kIdxRowBytesMax,
                             " bytes or more: the file is damaged, or no images");
    }
  }
  return bytes;
}

// The labels' file, stored as the images are or not.
absl::StatusOr<std::string> FindLabels(const std::string& images_path) {
  const std::string path = IdxLabelsPath(images_path);
  if (path.empty()) {
    return InvalidArgument(images_path,
                           ": a file of idx images must have \"images-idx3\" in its name; its "
                           "labels are looked for under the name with \"labels-idx1\" instead");
  }
  const std::string stem = WithoutCompressionSuffix(path);
  for (const std::string& candidate : {path, stem, stem + ".gz", stem + ".zst"}) {
    std::error_code ignored;  // Opening it will say what is wrong.
    if (std::filesystem::exists(candidate, ignored)) return candidate;
  }
  return NotFound(images_path, ": no labels for these images: there is neither ", stem, " nor ",
                  stem, ".gz or .zst");
}

}  // namespace

bool IsIdx(std::string_view first_bytes) {
  return first_bytes.size() >= kIdxMagicBytes && first_bytes[0] == 0 && first_bytes[1] == 0 &&
         first_bytes[2] >= 0x08 && first_bytes[2] <= 0x0E && first_bytes[3] >= 1;
}

std::string IdxLabelsPath(const std::string& images_path) {
  const size_t at = images_path.rfind(kImages);
  const size_t digit = at + kImages.size();
  const size_t slash = images_path.rfind('/');
  if (at == images_path.npos || (slash != images_path.npos && at < slash)) return "";
  if (digit >= images_path.size() || images_path[digit] < '2' || images_path[digit] > '4') {
    return "";
  }
  return images_path.substr(0, at) + std::string(kLabels) + images_path.substr(digit + 1);
}

std::string IdxLabelsStem(const std::string& images_path) {
  return WithoutCompressionSuffix(IdxLabelsPath(images_path));
}

std::string WithoutCompressionSuffix(std::string path) {
  for (const std::string_view end : {".gz", ".zst"}) {
    if (path.ends_with(end)) path.resize(path.size() - end.size());
  }
  return path;
}

absl::StatusOr<std::unique_ptr<IdxContent>> IdxContent::Open(const std::string& path,
                                                             std::unique_ptr<TextContent> images,
                                                             uint64_t* memory_left) {
  CAIRN_ASSIGN_OR_RETURN(const IdxHeader header, ReadHeader(path, *images));
  if (header.sizes.size() == 1) {
    return InvalidArgument(path,
                           ": holds labels; name the file of their images, and the labels are "
                           "found by its name");
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string labels_path, FindLabels(path));
  CAIRN_ASSIGN_OR_RETURN(auto labels, OpenText(labels_path, memory_left));
  return Make({path, std::move(images)}, {labels_path, std::move(labels)});
}

absl::StatusOr<std::unique_ptr<IdxContent>> IdxContent::Make(File images, File labels) {
  std::unique_ptr<IdxContent> content(new IdxContent());
  CAIRN_ASSIGN_OR_RETURN(const IdxHeader header, ReadHeader(images.path, *images.content));
  CAIRN_ASSIGN_OR_RETURN(content->image_bytes_, ImageBytes(images.path, header));
  CAIRN_RETURN_IF_ERROR(CheckSize(images.path, *images.content, header, content->image_bytes_));
  CAIRN_ASSIGN_OR_RETURN(const IdxHeader labels_header, ReadHeader(labels.path, *labels.content));
  if (labels_header.sizes.size() != 1) {
    return InvalidArgument(labels.path, ": idx labels have one dimension, not ",
                           labels_header.sizes.size());
  }
  CAIRN_RETURN_IF_ERROR(CheckSize(labels.path, *labels.content, labels_header, 1));
  if (labels_header.sizes[0] != header.sizes[0]) {
    return InvalidArgument(labels.path, ": holds ", labels_header.sizes[0], " labels for the ",
                           header.sizes[0], " images in ", images.path);
  }
  content->images_ = std::move(images.content);
  content->labels_ = std::move(labels.content);
  content->images_begin_ = header.bytes;
  content->rows_ = header.sizes[0];
  return content;
}

TextStorage IdxContent::storage() const {
  return {images_->storage().compression, images_->storage().bytes + labels_->storage().bytes};
}

absl::StatusOr<std::string_view> IdxContent::Read(uint64_t offset, uint64_t bytes,
                                                  std::string* buffer) const {
  offset = std::min(offset, this->bytes());
  bytes = std::min(bytes, this->bytes() - offset);
  if (bytes == 0) return std::string_view();
  const uint64_t first = offset / row_bytes();
  const uint64_t rows = (offset + bytes - 1) / row_bytes() + 1 - first;
  std::string image_buffer;
  std::string label_buffer;
  CAIRN_ASSIGN_OR_RETURN(
      const std::string_view images,
      images_->Read(images_begin_ + first * image_bytes_, rows * image_bytes_, &image_buffer));
  CAIRN_ASSIGN_OR_RETURN(const std::string_view labels,
                         labels_->Read(kIdxMagicBytes + 4 + first, rows, &label_buffer));
  if (buffer->size() < rows * row_bytes()) buffer->resize(rows * row_bytes());
  char* out = buffer->data();
  for (uint64_t row = 0; row < rows; ++row) {
    *out++ = labels[row];
    std::memcpy(out, images.data() + row * image_bytes_, image_bytes_);
    out += image_bytes_;
  }
  return std::string_view(*buffer).substr(offset - first * row_bytes(), bytes);
}

}  // namespace cairn
