#include "train/gzip_decoder.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

// The largest window, and 16 more: a gzip header has to come before the data, its checksum behind.
constexpr int kWindowBits = 15 + 16;

uInt Clamp(size_t bytes) {
  return static_cast<uInt>(std::min<size_t>(bytes, std::numeric_limits<uInt>::max()));
}

}  // namespace

void GzipDecoder::Free::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

GzipDecoder::GzipDecoder() : stream_(new z_stream_s{}) {
  CAIRN_CHECK(inflateInit2(stream_.get(), kWindowBits) == Z_OK, "out of memory");
}

absl::StatusOr<TextDecoder::Step> GzipDecoder::Decode(std::span<const char> in,
                                                      std::span<char> out) {
  if (between_members_) {
    const auto padding_end = std::find_if(in.begin(), in.end(), [](char c) { return c != 0; });
    const auto padding = static_cast<size_t>(padding_end - in.begin());
    if (padding > 0 || in.empty()) return Step{padding, 0, true};
    inflateReset(stream_.get());
    between_members_ = false;
  }
  // zlib reads only, its type just does not say so.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_->avail_in = Clamp(in.size());
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = Clamp(out.size());
  const uInt in_before = stream_->avail_in;
  const uInt out_before = stream_->avail_out;
  const int result = inflate(stream_.get(), Z_NO_FLUSH);
  CAIRN_CHECK(result != Z_MEM_ERROR, "out of memory");
  // Z_BUF_ERROR: nothing to do without more input; no error.
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
    const char* why = stream_->msg != nullptr ? stream_->msg : "needs a dictionary";
    return DataLoss("damaged gzip data (", why, ")");
  }
  between_members_ = result == Z_STREAM_END;
  return Step{in_before - stream_->avail_in, out_before - stream_->avail_out, between_members_};
}

}  // namespace cairn
