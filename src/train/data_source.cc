#include "train/data_source.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/status.h"
#include "train/idx_content.h"
#include "train/plain_file.h"

namespace cairn {
namespace {

constexpr uint64_t kFingerprintBytes = uint64_t{64} << 10;  // At each end of the text.
// Between them: a new export of a table of the same length differs in most of these.
constexpr uint64_t kFingerprintPieces = 16;
constexpr uint64_t kFingerprintPieceBytes = 4096;
constexpr uint64_t kCountLinesBytes = uint64_t{1} << 20;

uint32_t Checksum(std::string_view text) { return Crc32c(std::as_bytes(std::span(text))); }

}  // namespace

DataSource::DataSource() = default;
DataSource::~DataSource() = default;

absl::StatusOr<std::unique_ptr<DataSource>> DataSource::Open(const std::vector<std::string>& paths,
                                                             const Options& options) {
  if (paths.empty()) return InvalidArgument("no data file is named");
  std::unique_ptr<DataSource> source(new DataSource());
  uint64_t memory_left = options.decompressed_bytes_max;
  for (const std::string& path : paths) {
    CAIRN_ASSIGN_OR_RETURN(Entry entry, OpenEntry(path, &memory_left));
    source->files_.push_back({path, entry.content->bytes(), 0});
    source->entries_.push_back(std::move(entry));
    CAIRN_ASSIGN_OR_RETURN(source->files_.back().fingerprint,
                           source->Fingerprint(source->files_.size() - 1));
  }
  return source;
}

absl::StatusOr<DataSource::Entry> DataSource::OpenEntry(const std::string& path,
                                                        uint64_t* memory_left) {
  Entry entry;
  entry.name = ReadableName(path);
  CAIRN_ASSIGN_OR_RETURN(entry.content, OpenText(path, memory_left));
  if (entry.content->bytes() == 0) return InvalidArgument(entry.name, ": the data file is empty");
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view magic,
                         entry.content->Read(0, kIdxMagicBytes, &buffer));
  if (!IsIdx(magic)) return entry;
  CAIRN_ASSIGN_OR_RETURN(auto images,
                         IdxContent::Open(path, std::move(entry.content), memory_left));
  entry.row_bytes = images->row_bytes();
  entry.content = std::move(images);
  return entry;
}

absl::StatusOr<uint64_t> DataSource::Fingerprint(size_t file) const {
  const uint64_t bytes = files_[file].bytes;
  const uint64_t end_bytes = std::min(bytes, kFingerprintBytes);
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view first, Read(file, 0, end_bytes, &buffer));
  uint64_t hash = HashWords(bytes, Checksum(first));
  CAIRN_ASSIGN_OR_RETURN(const std::string_view last,
                         Read(file, bytes - end_bytes, end_bytes, &buffer));
  hash = HashWords(hash, Checksum(last));
  if (bytes <= 2 * kFingerprintBytes) return hash;
  const uint64_t step = (bytes - 2 * kFingerprintBytes) / kFingerprintPieces;
  for (uint64_t i = 0; i < kFingerprintPieces; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view piece, Read(file, kFingerprintBytes + i * step,
                                                              kFingerprintPieceBytes, &buffer));
    hash = HashWords(hash, Checksum(piece));
  }
  return hash;
}

absl::StatusOr<std::string_view> DataSource::Read(size_t file, uint64_t offset, uint64_t bytes,
                                                  std::string* buffer) const {
  CAIRN_CHECK(file < entries_.size());
  return entries_[file].content->Read(offset, bytes, buffer);
}

absl::StatusOr<uint64_t> DataSource::LineNumber(size_t file, uint64_t offset) const {
  if (row_bytes(file) != 0) return offset / row_bytes(file) + 1;
  uint64_t line = 1;
  std::string buffer;
  for (uint64_t at = 0; at < offset;) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view text,
                           Read(file, at, std::min(offset - at, kCountLinesBytes), &buffer));
    if (text.empty()) break;
    line += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    at += text.size();
  }
  return line;
}

absl::Status DataError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss:
      return absl::Status(absl::StatusCode::kNotFound, status.message());
    default:
      return status;
  }
}

}  // namespace cairn
