// What stands in data files below the text: compressed data and idx.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "fuzz/fuzz_target.h"
#include "train/idx_content.h"
#include "train/idx_rows.h"
#include "train/text_decoder.h"

namespace cairn {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;  // A few bytes can stand for far more text.
constexpr size_t kPieceBytes = 4096;

int DecodeFuzz(const uint8_t* data, size_t bytes) {
  for (const Compression compression : {Compression::kZstd, Compression::kGzip}) {
    const std::unique_ptr<TextDecoder> decoder = MakeDecoder(compression);
    std::span<const char> in(reinterpret_cast<const char*>(data), bytes);
    char out[kPieceBytes];
    for (size_t text_bytes = 0; text_bytes < kTextBytesMax && !in.empty();) {
      const std::span<const char> piece = in.first(std::min(in.size(), kPieceBytes));
      const auto step = decoder->Decode(piece, out);
      if (!step.ok()) break;
      CAIRN_CHECK(step->consumed <= piece.size() && step->produced <= kPieceBytes);
      CAIRN_CHECK(step->consumed + step->produced > 0, "a step forward, or an error");
      in = in.subspan(step->consumed);
      text_bytes += step->produced;
    }
  }
  return 0;
}

std::vector<FuzzTarget::Bytes> SampleCompressed() {
  // "1 2:3\n1 2:3\n", by gzip and by zstd.
  return {{0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x33, 0x54, 0x30, 0xb2,
           0x32, 0xe6, 0x32, 0x04, 0x93, 0x00, 0x04, 0x07, 0x69, 0x63, 0x0c, 0x00, 0x00, 0x00},
          {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x61, 0x00, 0x00, 0x31, 0x20, 0x32, 0x3a,
           0x33, 0x0a, 0x31, 0x20, 0x32, 0x3a, 0x33, 0x0a, 0xef, 0x06, 0xb3, 0xaa}};
}

// The first byte says how many bytes the labels have.
int IdxFuzz(const uint8_t* data, size_t bytes) {
  if (bytes == 0) return -1;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  const std::string_view labels = all.substr(0, data[0]);
  const std::string_view images = all.substr(labels.size());
  const auto content = IdxContent::Make({"images", TextInMemory(std::string(images))},
                                        {"labels", TextInMemory(std::string(labels))});
  if (!content.ok()) return 0;
  CAIRN_CHECK((*content)->bytes() <= 2 * bytes);
  std::string buffer;
  const std::string_view text = (*content)->Read(0, (*content)->bytes(), &buffer).value();
  CAIRN_CHECK(text.size() == (*content)->bytes());
  for (const LabelKind kind : {LabelKind::kAny, LabelKind::kBinary}) {
    RowBatch rows;
    const ParseResult result =
        ParseIdxRows(LabelReader({}, kind), (*content)->row_bytes(), text, &rows);
    CAIRN_CHECK(rows.rows() + result.bad_rows == text.size() / (*content)->row_bytes());
    CAIRN_CHECK(rows.offsets.back() == rows.features());
  }
  return 0;
}

std::vector<FuzzTarget::Bytes> SampleImages() {
  return {{10, 0, 0, 8, 1, 0, 0, 0, 2, 1, 7,                 // Two labels.
           0,  0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,  // Two images of 1 x 2.
           0,  9, 9, 0}};
}

}  // namespace

FuzzTarget DecodeTarget() {
  return {.name = "decode", .run = DecodeFuzz, .seeds = SampleCompressed};
}

FuzzTarget IdxTarget() { return {.name = "idx", .run = IdxFuzz, .seeds = SampleImages}; }

}  // namespace cairn
