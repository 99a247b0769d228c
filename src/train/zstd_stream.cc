#include "train/zstd_stream.h"

#include <zstd.h>

#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr int kLevel = 3;  // zstd's own default: as fast as a disk, a fifth of the text.

}  // namespace

struct ZstdCompressor::Stream {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
};

ZstdCompressor::ZstdCompressor() : stream_(std::make_unique<Stream>()) {
  ZSTD_CCtx* const context = stream_->context.get();
  CAIRN_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, kLevel)) == 0);
  CAIRN_CHECK(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)) == 0);
}

ZstdCompressor::~ZstdCompressor() = default;

absl::Status ZstdCompressor::Add(std::string_view text, std::string* out) {
  return Compress(text, false, out);
}

absl::Status ZstdCompressor::Finish(std::string* out) { return Compress({}, true, out); }

absl::Status ZstdCompressor::Compress(std::string_view text, bool last, std::string* out) {
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  const size_t room = ZSTD_CStreamOutSize();
  size_t left = 0;
  do {
    const size_t begin = out->size();
    out->resize(begin + room);
    ZSTD_outBuffer space{out->data() + begin, room, 0};
    left = ZSTD_compressStream2(stream_->context.get(), &space, &in,
                                last ? ZSTD_e_end : ZSTD_e_continue);
    out->resize(begin + space.pos);
    if (ZSTD_isError(left) != 0) return Internal("zstd: ", ZSTD_getErrorName(left));
  } while (last ? left > 0 : in.pos < in.size);
  return {};
}

struct ZstdDecompressor::Stream {
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> context{ZSTD_createDStream(),
                                                                     &ZSTD_freeDStream};
};

ZstdDecompressor::ZstdDecompressor(ReadMore read_more)
    : stream_(std::make_unique<Stream>()),
      read_more_(std::move(read_more)),
      compressed_(ZSTD_DStreamInSize()) {}

ZstdDecompressor::~ZstdDecompressor() = default;

absl::StatusOr<size_t> ZstdDecompressor::Read(std::span<char> text) {
  ZSTD_outBuffer out{text.data(), text.size(), 0};
  while (out.pos < out.size) {
    if (begin_ == end_ && !input_ended_) {
      CAIRN_ASSIGN_OR_RETURN(end_, read_more_(compressed_));
      begin_ = 0;
      input_ended_ = end_ < compressed_.size();
    }
    ZSTD_inBuffer in{compressed_.data(), end_, begin_};
    const size_t before = out.pos;
    const size_t hint = ZSTD_decompressStream(stream_->context.get(), &out, &in);
    if (ZSTD_isError(hint) != 0) return DataLoss("damaged zstd file: ", ZSTD_getErrorName(hint));
    const bool moved = in.pos > begin_ || out.pos > before;
    begin_ = in.pos;
    if (moved) in_frame_ = hint != 0;
    if (moved || !input_ended_) continue;
    if (in_frame_) return DataLoss("the zstd file ends in the middle: it has been cut off");
    break;
  }
  return out.pos;
}

}  // namespace cairn
