#include "train/data_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/status.h"
#include "train/zstd_text.h"

namespace cairn {
namespace {

constexpr uint64_t kFingerprintBytes = uint64_t{64} << 10;  // At each end of the text.
constexpr uint64_t kCountLinesBytes = uint64_t{1} << 20;

absl::Status ErrnoStatus(const std::string& path, std::string_view what, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? absl::StatusCode::kNotFound
                    : error == EACCES || error == EPERM ? absl::StatusCode::kPermissionDenied
                                                        : absl::StatusCode::kUnavailable;
  return MakeError(code, path, ": ", what, ": ", std::strerror(error));
}

// A regular file that is open for reading. Thread-safe: reads name their offset.
class PlainFile {
 public:
  static absl::StatusOr<std::unique_ptr<PlainFile>> Open(const std::string& path) {
    // O_NONBLOCK: a named pipe must be refused below, not waited for.
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return ErrnoStatus(path, "cannot open the data file", errno);
    std::unique_ptr<PlainFile> file(new PlainFile(path, fd));
    if (fstat(fd, &file->opened_) != 0) return ErrnoStatus(path, "cannot be examined", errno);
    if (S_ISDIR(file->opened_.st_mode)) {
      return InvalidArgument(path, ": is a directory; name the data files in it");
    }
    if (!S_ISREG(file->opened_.st_mode)) {
      return InvalidArgument(path, ": is not a regular file; data is read more than once");
    }
    return file;
  }
  ~PlainFile() { close(fd_); }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;

  uint64_t bytes() const { return static_cast<uint64_t>(opened_.st_size); }

  // Fills the buffer, or fails: the caller asks only for what the file held when it was opened.
  absl::Status Read(uint64_t offset, std::span<char> buffer) const {
    CAIRN_RETURN_IF_ERROR(CheckUnchanged());
    while (!buffer.empty()) {
      const ssize_t got = pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoStatus(path_, "cannot be read", errno);
      if (got == 0) return Changed();
      buffer = buffer.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  PlainFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  // Other bytes must not go under stamps that were given for the old ones. Not a proof (a write
  // within the clock's grain goes unseen), but it catches the log that is still being appended to.
  absl::Status CheckUnchanged() const {
    struct stat now;
    if (fstat(fd_, &now) != 0) return ErrnoStatus(path_, "cannot be examined", errno);
    const bool same = now.st_size == opened_.st_size &&
                      now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
    return same ? absl::OkStatus() : Changed();
  }
  absl::Status Changed() const {
    return FailedPrecondition(path_, ": the data file has changed since it was opened");
  }

  const std::string path_;
  const int fd_;
  struct stat opened_ = {};
};

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

Compression DetectCompression(std::string_view first_bytes) {
  using std::string_view_literals::operator""sv;
  if (first_bytes.starts_with("\x28\xB5\x2F\xFD"sv)) return Compression::kZstd;
  if (first_bytes.starts_with("\x1F\x8B"sv)) return Compression::kGzip;
  return Compression::kNone;
}

// Where a file's text is: still in the file, or decompressed in memory.
class DataSource::Content {
 public:
  explicit Content(std::unique_ptr<PlainFile> file)
      : file_(std::move(file)), bytes_(file_->bytes()) {}
  explicit Content(std::string text) : text_(std::move(text)), bytes_(text_.size()) {}

  uint64_t bytes() const { return bytes_; }

  absl::StatusOr<std::string_view> Read(uint64_t offset, uint64_t bytes,
                                        std::string* buffer) const {
    offset = std::min(offset, bytes_);
    bytes = std::min(bytes, bytes_ - offset);
    if (!file_) return std::string_view(text_).substr(offset, bytes);
    if (buffer->size() < bytes) buffer->resize(bytes);
    const std::span<char> room(buffer->data(), bytes);
    CAIRN_RETURN_IF_ERROR(file_->Read(offset, room));
    return std::string_view(room.data(), room.size());
  }

 private:
  const std::unique_ptr<PlainFile> file_;  // Null: the text is in memory.
  const std::string text_;
  const uint64_t bytes_;
};

namespace {

absl::StatusOr<std::string> Decompress(const PlainFile& file, uint64_t text_bytes_max) {
  uint64_t offset = 0;
  const ReadMore read_more = [&](std::span<char> buffer) -> absl::StatusOr<size_t> {
    const size_t bytes = std::min<uint64_t>(buffer.size(), file.bytes() - offset);
    CAIRN_RETURN_IF_ERROR(file.Read(offset, buffer.first(bytes)));
    offset += bytes;
    return bytes;
  };
  return DecompressZstd(read_more, text_bytes_max);
}

}  // namespace

DataSource::DataSource() = default;
DataSource::~DataSource() = default;

absl::StatusOr<std::unique_ptr<DataSource>> DataSource::Open(const std::vector<std::string>& paths,
                                                             const Options& options) {
  if (paths.empty()) return InvalidArgument("no data file is named");
  std::unique_ptr<DataSource> source(new DataSource());
  uint64_t memory_left = options.decompressed_bytes_max;
  for (const std::string& path : paths) {
    CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<PlainFile> file, PlainFile::Open(path));
    std::array<char, 4> magic = {};
    const size_t magic_bytes = std::min<uint64_t>(magic.size(), file->bytes());
    CAIRN_RETURN_IF_ERROR(file->Read(0, std::span(magic).first(magic_bytes)));
    const Compression compression = DetectCompression({magic.data(), magic_bytes});
    if (compression == Compression::kGzip) {
      return InvalidArgument(path, ": gzip is not read; unpack it, or recompress it with zstd");
    }
    std::unique_ptr<Content> content;
    if (compression == Compression::kZstd) {
      absl::StatusOr<std::string> text = Decompress(*file, memory_left);
      if (!text.ok()) return Annotate(text.status(), path);
      memory_left -= text->size();
      content = std::make_unique<Content>(*std::move(text));
    } else {
      content = std::make_unique<Content>(std::move(file));
    }
    if (content->bytes() == 0) return InvalidArgument(path, ": the data file is empty");
    source->files_.push_back({path, content->bytes(), 0});
    source->contents_.push_back(std::move(content));
    CAIRN_ASSIGN_OR_RETURN(source->files_.back().fingerprint,
                           source->Fingerprint(source->files_.size() - 1));
  }
  return source;
}

absl::StatusOr<uint64_t> DataSource::Fingerprint(size_t file) const {
  const uint64_t bytes = files_[file].bytes;
  const uint64_t end_bytes = std::min(bytes, kFingerprintBytes);
  std::string buffer;
  CAIRN_ASSIGN_OR_RETURN(const std::string_view first, Read(file, 0, end_bytes, &buffer));
  const uint32_t first_crc = Crc32c(Bytes(first));
  CAIRN_ASSIGN_OR_RETURN(const std::string_view last,
                         Read(file, bytes - end_bytes, end_bytes, &buffer));
  return HashWords(bytes, first_crc, Crc32c(Bytes(last)));
}

absl::StatusOr<std::string_view> DataSource::Read(size_t file, uint64_t offset, uint64_t bytes,
                                                  std::string* buffer) const {
  CAIRN_CHECK(file < contents_.size());
  return contents_[file]->Read(offset, bytes, buffer);
}

absl::StatusOr<uint64_t> DataSource::LineNumber(size_t file, uint64_t offset) const {
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

}  // namespace cairn
