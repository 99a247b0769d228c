#include "train/zstd_decoder.h"

#include <zstd.h>

#include "base/check.h"
#include "base/status.h"

namespace cairn {

void ZstdDecoder::Free::operator()(ZSTD_DCtx_s* stream) const { ZSTD_freeDStream(stream); }

ZstdDecoder::ZstdDecoder() : stream_(ZSTD_createDStream()) {
  CAIRN_CHECK(stream_ != nullptr, "out of memory");
}

absl::StatusOr<TextDecoder::Step> ZstdDecoder::Decode(std::span<const char> in,
                                                      std::span<char> out) {
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  const size_t wanted = ZSTD_decompressStream(stream_.get(), &to, &from);
  if (ZSTD_isError(wanted) != 0) {
    return DataLoss("damaged zstd data (", ZSTD_getErrorName(wanted), ")");
  }
  return Step{from.pos, to.pos, wanted == 0};
}

}  // namespace cairn
