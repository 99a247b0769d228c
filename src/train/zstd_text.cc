#include "train/zstd_text.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/status.h"
#include "base/units.h"

namespace cairn {
namespace {

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

absl::Status TooLong(uint64_t text_bytes_max) {
  return MakeError(absl::StatusCode::kResourceExhausted, "decompresses to more than ",
                   HumanBytes(text_bytes_max),
                   ", the bound for decompressed data; decompress it on disk, or raise the bound");
}

// What the first frame says about its length; 0 if it does not say.
uint64_t TextBytesHint(const std::vector<char>& compressed, size_t bytes) {
  const unsigned long long hint = ZSTD_getFrameContentSize(compressed.data(), bytes);
  return hint == ZSTD_CONTENTSIZE_UNKNOWN || hint == ZSTD_CONTENTSIZE_ERROR ? 0 : hint;
}

// Makes room behind the text: doubling, so that the copies add up to one more pass at most, and one
// byte beyond the bound at most, so that a longer text is noticed.
void Grow(uint64_t text_bytes_max, std::string* text) {
  const uint64_t doubled = std::max<uint64_t>(2 * text->size(), ZSTD_DStreamOutSize());
  text->resize(std::min(doubled, text_bytes_max + 1));
}

}  // namespace

absl::StatusOr<std::string> DecompressZstd(const ReadMore& read_more, uint64_t text_bytes_max) {
  const std::unique_ptr<ZSTD_DStream, FreeStream> stream(ZSTD_createDStream());
  std::vector<char> compressed(ZSTD_DStreamInSize());
  std::string text;
  size_t text_bytes = 0;  // <= text.size(): the rest of `text` is room.
  size_t hint = 0;        // 0: at the end of a frame.
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const size_t bytes, read_more(compressed));
    if (text.empty()) {
      const uint64_t text_bytes_hint = TextBytesHint(compressed, bytes);
      if (text_bytes_hint > text_bytes_max) return TooLong(text_bytes_max);
      text.resize(text_bytes_hint + 1);
    }
    ZSTD_inBuffer in{compressed.data(), bytes, 0};
    bool room_left = true;
    // A full output means that the stream may hold back more, although the input is used up.
    while (in.pos < in.size || !room_left) {
      if (text_bytes == text.size()) Grow(text_bytes_max, &text);
      ZSTD_outBuffer out{text.data(), text.size(), text_bytes};
      hint = ZSTD_decompressStream(stream.get(), &out, &in);
      if (ZSTD_isError(hint) != 0) {
        return DataLoss("damaged zstd file: ", ZSTD_getErrorName(hint));
      }
      text_bytes = out.pos;
      room_left = out.pos < out.size || hint == 0;
      if (text_bytes > text_bytes_max) return TooLong(text_bytes_max);
    }
    if (bytes < compressed.size()) break;
  }
  if (hint != 0) return DataLoss("the zstd file ends in the middle: it has been cut off");
  text.resize(text_bytes);
  if (text.capacity() - text_bytes > text_bytes / 8) text.shrink_to_fit();
  return text;
}

}  // namespace cairn
