#include "train/row_cache_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/crc32c.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "base/status.h"
#include "train/plain_file.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "CAIRNROW";
constexpr uint32_t kVersion = 1;
constexpr std::string_view kTemporarySuffix = ".rows-tmp";
// What is in it is a definition of data, whose program has at most as much.
constexpr uint32_t kIdentityBytesMax = uint32_t{64} << 20;

// Before the identity. All numbers are little-endian.
struct Header {
  char magic[8];
  uint32_t version;
  uint32_t identity_bytes;
  uint32_t identity_crc;
  uint32_t crc;  // Of the fields before.
};

// The file's last bytes.
struct Footer {
  uint64_t index_place;
  uint64_t chunks;
  uint32_t index_crc;
  uint32_t crc;  // Of the fields before.
  char magic[8];
};

static_assert(sizeof(Header) == 24 && sizeof(Footer) == 32 && sizeof(RowCacheEntry) == 16);

uint32_t CrcOf(const void* bytes, size_t count) {
  return Crc32c(std::as_bytes(std::span(static_cast<const char*>(bytes), count)));
}

// Files that nobody is writing to any more.
void RemoveAbandoned(const std::string& directory) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(kTemporarySuffix)) continue;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
    ::close(fd);
  }
}

uint64_t SizeOf(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

}  // namespace

RowCacheFile::RowCacheFile(std::string path, std::string temporary_path, int fd)
    : path_(std::move(path)), temporary_path_(std::move(temporary_path)), fd_(fd) {}

RowCacheFile::~RowCacheFile() {
  if (!temporary_path_.empty()) ::unlink(temporary_path_.c_str());
  ::close(fd_);
}

absl::Status RowCacheFile::Fail(const char* what) const { return FileError(path_, what, errno); }

absl::Status RowCacheFile::Read(uint64_t place, std::span<char> buffer) const {
  while (!buffer.empty()) {
    const ssize_t got = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(place));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail("cannot be read");
    if (got == 0) return DataLoss(path_, ": is cut short");
    buffer = buffer.subspan(static_cast<size_t>(got));
    place += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> RowCacheFile::Append(std::string_view bytes) {
  const uint64_t place = end_;
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Fail("cannot be written");
    bytes.remove_prefix(static_cast<size_t>(put));
    end_ += static_cast<uint64_t>(put);
  }
  return place;
}

// ---- Reading what is there --------------------------------------------------------------------

absl::StatusOr<RowCacheFile::Opened> RowCacheFile::Open(const std::string& path,
                                                        std::string_view identity) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FileError(path, "cannot be opened", errno);
  Opened opened;
  opened.file.reset(new RowCacheFile(path, "", fd));
  const RowCacheFile& file = *opened.file;
  const uint64_t size = SizeOf(fd);
  Header header;
  Footer footer;
  if (size < sizeof header + sizeof footer) return DataLoss(path, ": is cut short");
  CAIRN_RETURN_IF_ERROR(file.Read(0, {reinterpret_cast<char*>(&header), sizeof header}));
  if (std::string_view(header.magic, sizeof header.magic) != kMagic) {
    return DataLoss(path, ": is no cache of rows");
  }
  if (header.version != kVersion) {
    return FailedPrecondition(path, ": is of version ", header.version, ", not ", kVersion);
  }
  if (header.crc != CrcOf(&header, offsetof(Header, crc)) ||
      header.identity_bytes > std::min<uint64_t>(kIdentityBytesMax, size - sizeof header)) {
    return DataLoss(path, ": its header is damaged");
  }
  std::string made_of(header.identity_bytes, '\0');
  CAIRN_RETURN_IF_ERROR(file.Read(sizeof header, made_of));
  if (CrcOf(made_of.data(), made_of.size()) != header.identity_crc) {
    return DataLoss(path, ": its header is damaged");
  }
  if (made_of != identity) return FailedPrecondition(path, ": is made of other data");
  CAIRN_RETURN_IF_ERROR(
      file.Read(size - sizeof footer, {reinterpret_cast<char*>(&footer), sizeof footer}));
  const bool fits =
      std::string_view(footer.magic, sizeof footer.magic) == kMagic &&
      footer.crc == CrcOf(&footer, offsetof(Footer, crc)) &&
      footer.index_place <= size - sizeof footer &&
      footer.chunks == (size - sizeof footer - footer.index_place) / sizeof(RowCacheEntry);
  if (!fits) return DataLoss(path, ": is cut short, or its end is damaged");
  opened.index.resize(footer.chunks);
  const size_t index_bytes = opened.index.size() * sizeof(RowCacheEntry);
  CAIRN_RETURN_IF_ERROR(
      file.Read(footer.index_place, {reinterpret_cast<char*>(opened.index.data()), index_bytes}));
  if (CrcOf(opened.index.data(), index_bytes) != footer.index_crc) {
    return DataLoss(path, ": its index is damaged");
  }
  return opened;
}

// ---- Making one -------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<RowCacheFile>> RowCacheFile::Create(const std::string& path,
                                                                   std::string_view identity) {
  RemoveAbandoned(ParentDirectory(path));
  // Other processes may be at the same.
  for (uint64_t attempt = 0;; ++attempt) {
    const uint64_t name = HashWords(static_cast<uint64_t>(::getpid()), attempt);
    const std::string temporary = Concat(path, ".", name, kTemporarySuffix);
    const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return FileError(path, "cannot be made", errno);
    std::unique_ptr<RowCacheFile> file(new RowCacheFile(path, temporary, fd));
    // Says that somebody is writing, for RemoveAbandoned.
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return file->Fail("cannot be locked");
    Header header = {};
    std::memcpy(header.magic, kMagic.data(), kMagic.size());
    header.version = kVersion;
    header.identity_bytes = static_cast<uint32_t>(identity.size());
    header.identity_crc = CrcOf(identity.data(), identity.size());
    header.crc = CrcOf(&header, offsetof(Header, crc));
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
    bytes.append(identity);
    CAIRN_RETURN_IF_ERROR(file->Append(bytes).status());
    return file;
  }
}

// Not synced: what a loss of power takes away is missed when the file is opened or read.
absl::Status RowCacheFile::Publish(std::span<const RowCacheEntry> index) {
  Footer footer = {};
  footer.chunks = index.size();
  footer.index_crc = CrcOf(index.data(), index.size_bytes());
  CAIRN_ASSIGN_OR_RETURN(footer.index_place,
                         Append({reinterpret_cast<const char*>(index.data()), index.size_bytes()}));
  footer.crc = CrcOf(&footer, offsetof(Footer, crc));
  std::memcpy(footer.magic, kMagic.data(), kMagic.size());
  CAIRN_RETURN_IF_ERROR(Append({reinterpret_cast<const char*>(&footer), sizeof footer}).status());
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) return Fail("cannot be renamed to");
  temporary_path_.clear();
  return absl::OkStatus();
}

}  // namespace cairn
