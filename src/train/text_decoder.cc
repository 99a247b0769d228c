#include "train/text_decoder.h"

#include "train/gzip_decoder.h"
#include "train/zstd_decoder.h"

namespace cairn {

Compression DetectCompression(std::string_view first_bytes) {
  using std::string_view_literals::operator""sv;
  if (first_bytes.starts_with("\x28\xB5\x2F\xFD"sv)) return Compression::kZstd;
  if (first_bytes.starts_with("\x1F\x8B"sv)) return Compression::kGzip;
  return Compression::kNone;
}

std::string_view CompressionName(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kZstd:
      return "zstd";
    case Compression::kGzip:
      return "gzip";
  }
  return "unknown";
}

std::unique_ptr<TextDecoder> MakeDecoder(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return nullptr;
    case Compression::kZstd:
      return std::make_unique<ZstdDecoder>();
    case Compression::kGzip:
      return std::make_unique<GzipDecoder>();
  }
  return nullptr;
}

}  // namespace cairn
