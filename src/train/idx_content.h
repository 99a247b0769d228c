// Pairs of idx files (the format of the MNIST images): one with dense images of unsigned bytes, one
// with a label for each.
//
// An idx file begins with two zero bytes, a byte for the type of its values, a byte for the number
// of dimensions, and the size of each dimension as 4 bytes, big-endian; then come the values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "train/text_content.h"

namespace cairn {

inline constexpr uint64_t kIdxMagicBytes = 4;
// A row of more is refused: it is no image, but a damaged header may say so.
inline constexpr uint64_t kIdxRowBytesMax = uint64_t{16} << 20;

bool IsIdx(std::string_view first_bytes);

// Both files as one text of rows, each the label's byte and then the image's. Thread-safe.
class IdxContent final : public TextContent {
 public:
  // `images` are the content of `path`; the labels are looked for beside it, under the name that
  // has "labels-idx1" where this one has "images-idx3", with and without ".gz" or ".zst".
  // kInvalidArgument: no such name, or what stands in one of the files is not as above, names the
  // file; kNotFound: no such file, names what was looked for. And fails as OpenText does.
  static absl::StatusOr<std::unique_ptr<IdxContent>> Open(const std::string& path,
                                                          std::unique_ptr<TextContent> images,
                                                          uint64_t* memory_left);

  // The same of two files whose paths, for messages, and contents are known. kInvalidArgument as
  // above.
  struct File {
    std::string path;
    std::unique_ptr<TextContent> content;
  };
  static absl::StatusOr<std::unique_ptr<IdxContent>> Make(File images, File labels);

  uint64_t row_bytes() const { return 1 + image_bytes_; }

  uint64_t bytes() const override { return rows_ * row_bytes(); }
  TextStorage storage() const override;  // Of both files together; the images' compression.
  absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes,
                                        std::string* buffer) const override;

 private:
  IdxContent() = default;

  std::unique_ptr<TextContent> images_;
  std::unique_ptr<TextContent> labels_;
  uint64_t images_begin_ = 0;  // Bytes of the header.
  uint64_t image_bytes_ = 0;
  uint64_t rows_ = 0;
};

// "d/train-images-idx3-ubyte.gz" -> "d/train-labels-idx1-ubyte.gz"; "" for a name that is not such
// a one.
std::string IdxLabelsPath(const std::string& images_path);
// The same without ".gz" and ".zst" at its end.
std::string IdxLabelsStem(const std::string& images_path);
std::string WithoutCompressionSuffix(std::string path);

}  // namespace cairn
