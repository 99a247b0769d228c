#include "train/text_reader.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "base/units.h"

namespace cairn {
namespace {

constexpr size_t kInputBytes = size_t{128} << 10;
constexpr size_t kFirstTextBytes = size_t{256} << 10;
constexpr size_t kMagicBytes = 8;

struct Kind {
  std::string_view magic;
  std::string_view what;
};

// Files that people have, and that would otherwise fail with their first row.
absl::Status CheckReadable(const std::string& name, std::string_view magic) {
  using std::string_view_literals::operator""sv;
  static constexpr std::array<Kind, 9> kKinds = {{
      {"BZh"sv, "bzip2 data; unpack it with bunzip2, or repack it as gzip or zstd"},
      {"\xFD"
       "7zXZ\0"sv,
       "xz data; unpack it with unxz, or repack it as gzip or zstd"},
      {"\x04\x22\x4D\x18"sv, "lz4 data; unpack it with lz4 -d, or repack it as gzip or zstd"},
      {"PK\x03\x04"sv, "a zip archive; unpack it with unzip"},
      {"PAR1"sv, "a Parquet file; export it as CSV"},
      {"Obj\x01"sv, "an Avro file; export it as CSV"},
      {"\x89HDF\r\n"sv, "an HDF5 file; export it as CSV"},
      {"\xFF\xFE"sv, "UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
      {"\xFE\xFF"sv, "UTF-16 text; convert it with iconv -f UTF-16 -t UTF-8"},
  }};
  for (const Kind& kind : kKinds) {
    if (magic.starts_with(kind.magic)) return InvalidArgument(name, ": is ", kind.what);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TextReader>> TextReader::Open(const PlainFile* file) {
  std::array<char, kMagicBytes> magic = {};
  const size_t bytes = std::min<uint64_t>(magic.size(), file->bytes());
  CAIRN_RETURN_IF_ERROR(file->Read(0, std::span(magic).first(bytes)));
  CAIRN_RETURN_IF_ERROR(CheckReadable(file->name(), {magic.data(), bytes}));
  const Compression compression = DetectCompression({magic.data(), bytes});
  return std::unique_ptr<TextReader>(new TextReader(file, compression));
}

TextReader::TextReader(const PlainFile* file, Compression compression)
    : file_(file), compression_(compression), decoder_(MakeDecoder(compression)) {}

absl::StatusOr<size_t> TextReader::Read(std::span<char> buffer) {
  CAIRN_ASSIGN_OR_RETURN(const size_t bytes,
                         decoder_ == nullptr ? ReadPlain(buffer) : ReadCompressed(buffer));
  text_bytes_ += bytes;
  return bytes;
}

absl::StatusOr<size_t> TextReader::ReadPlain(std::span<char> buffer) {
  const size_t bytes = std::min<uint64_t>(buffer.size(), file_->bytes() - offset_);
  CAIRN_RETURN_IF_ERROR(file_->Read(offset_, buffer.first(bytes)));
  offset_ += bytes;
  return bytes;
}

absl::StatusOr<size_t> TextReader::ReadCompressed(std::span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    if (at_ == input_.size()) CAIRN_RETURN_IF_ERROR(FillInput());
    const bool at_end = at_ == input_.size();
    if (at_end && complete_) break;
    const absl::StatusOr<TextDecoder::Step> step =
        decoder_->Decode(std::span(input_).subspan(at_), buffer.subspan(filled));
    if (!step.ok()) return Broken(std::string(MessageOf(step.status())), text_bytes_ + filled);
    at_ += step->consumed;
    filled += step->produced;
    complete_ = step->complete;
    if (at_end && step->produced == 0 && !complete_) {
      return Broken("the compressed data ends in the middle: the file has been cut off",
                    text_bytes_ + filled);
    }
  }
  return filled;
}

absl::Status TextReader::FillInput() {
  input_.resize(std::min<uint64_t>(kInputBytes, file_->bytes() - offset_));
  at_ = 0;
  CAIRN_RETURN_IF_ERROR(file_->Read(offset_, input_));
  offset_ += input_.size();
  return absl::OkStatus();
}

absl::Status TextReader::Broken(const std::string& what, uint64_t text_bytes) const {
  return DataLoss(file_->name(), ": ", what, ", after ", HumanCount(text_bytes),
                  text_bytes == 1 ? " byte" : " bytes",
                  " of text that could be read; get the file once more from where it came from");
}

std::span<char> TextMemory::Room() {
  if (bytes_ == memory_.bytes()) memory_.Resize(std::max(2 * bytes_, kFirstTextBytes));
  return {reinterpret_cast<char*>(memory_.data()) + bytes_, memory_.bytes() - bytes_};
}

absl::StatusOr<TextMemory> ReadAllText(TextReader* reader, const std::string& name,
                                       uint64_t bytes_max) {
  TextMemory text;
  while (true) {
    // One byte beyond the bound at most, so that a longer text is noticed.
    const std::span<char> room = text.Room();
    const size_t wanted = std::min<uint64_t>(room.size() - 1, bytes_max - text.view().size()) + 1;
    CAIRN_ASSIGN_OR_RETURN(const size_t got, reader->Read(room.first(wanted)));
    text.Extend(got);
    if (text.view().size() > bytes_max) {
      return MakeError(absl::StatusCode::kResourceExhausted, name, ": decompresses to more than ",
                       HumanBytes(bytes_max),
                       ", which is what is left of the memory for compressed data; decompress it "
                       "on the disk: plain files of any size are read from there");
    }
    if (got == wanted) continue;
    text.Finish();
    return text;
  }
}

}  // namespace cairn
