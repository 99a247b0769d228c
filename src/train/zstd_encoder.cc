#include "train/zstd_encoder.h"

#include <zstd.h>

#include "base/check.h"
#include "base/status.h"

namespace cairn {

void ZstdEncoder::Free::operator()(ZSTD_CCtx_s* stream) const { ZSTD_freeCCtx(stream); }

ZstdEncoder::ZstdEncoder() : stream_(ZSTD_createCCtx()) {
  CAIRN_CHECK(stream_ != nullptr, "out of memory");
  const size_t set = ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
  CAIRN_CHECK(ZSTD_isError(set) == 0);
}

absl::Status ZstdEncoder::Add(std::string_view text, std::string* out) {
  return Encode(text, Part::kMore, out);
}

absl::Status ZstdEncoder::Finish(std::string* out) { return Encode({}, Part::kLast, out); }

absl::Status ZstdEncoder::Encode(std::string_view text, Part part, std::string* out) {
  const size_t room = ZSTD_CStreamOutSize();
  ZSTD_inBuffer from{text.data(), text.size(), 0};
  size_t held_back = 0;  // Bytes that the encoder still has, as far as it knows.
  do {
    const size_t begin = out->size();
    out->resize(begin + room);
    ZSTD_outBuffer to{out->data() + begin, room, 0};
    held_back = ZSTD_compressStream2(stream_.get(), &to, &from,
                                     part == Part::kLast ? ZSTD_e_end : ZSTD_e_continue);
    out->resize(begin + to.pos);
    if (ZSTD_isError(held_back) != 0) return Internal("zstd: ", ZSTD_getErrorName(held_back));
  } while (part == Part::kLast ? held_back > 0 : from.pos < from.size);
  return absl::OkStatus();
}

}  // namespace cairn
