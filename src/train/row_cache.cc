#include "train/row_cache.h"

#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/reserved_memory.h"
#include "base/status.h"
#include "base/units.h"
#include "train/plain_file.h"
#include "train/row_codec.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNone = "none";
constexpr std::string_view kMemory = "memory";

uint32_t CrcOf(std::string_view bytes) { return Crc32c(std::as_bytes(std::span(bytes))); }

// When the file was last written to: more than a fingerprint of some of its bytes notices.
int64_t TimeOf(const std::string& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  return error ? 0 : time.time_since_epoch().count();
}

// How rows are made of text. The order of chunks and the size of batches have no part in it.
std::string DescribeReading(const DataDefinition& definition, LabelKind labels) {
  std::string text = Concat("format ", FormatName(definition.format), "\nchunk_bytes ",
                            definition.chunk_bytes, "\nlabels ", static_cast<int>(labels), "\n");
  if (definition.part != DataPart::kAll) {
    text +=
        Concat("part ", static_cast<int>(definition.part), " of ", definition.held_out_of, "\n");
  }
  for (const auto& [entry, value] : EntriesOf(definition.read)) {
    text += Concat("read ", entry, " ", value, "\n");
  }
  return text;
}

// What a file's rows are made of: its name holds for the paths, and what is in it for their
// content.
std::string IdentityOf(const DataDefinition& definition, LabelKind labels) {
  std::string text = DescribeReading(definition, labels);
  for (const DataFile& file : definition.files) {
    text += Concat("file ", file.bytes, " ", file.fingerprint, " ", TimeOf(file.path), " ",
                   file.path, "\n");
  }
  return text;
}

std::string PathOf(const std::string& directory, const DataDefinition& definition,
                   LabelKind labels) {
  std::string names = DescribeReading(definition, labels);
  for (const DataFile& file : definition.files) names += file.path + "\n";
  const std::string first = fs::path(definition.files[0].path).filename().string();
  return JoinPath(directory, Concat(first, "-", std::hex, HashString(names), ".rows"));
}

double BytesOf(const DataDefinition& definition) {
  return static_cast<double>(ChunkCount(definition)) * definition.chunk_bytes;
}

// Input that came from a pipe and has no name that anybody could find it under again.
bool IsSpooled(const DataDefinition& definition) {
  for (const DataFile& file : definition.files) {
    if (ReadableName(file.path) != file.path) return true;
  }
  return false;
}

}  // namespace

// Where encoded rows are. Read may be called while another thread appends.
class RowCache::Store {
 public:
  virtual ~Store() = default;
  virtual absl::StatusOr<uint64_t> Append(std::string_view bytes) = 0;
  // The view lives as long as the store and `scratch`.
  virtual absl::StatusOr<std::string_view> Read(const RowCacheEntry& entry,
                                                std::string* scratch) const = 0;
  // All chunks are known.
  virtual absl::Status Complete(const std::vector<RowCacheEntry>& index) = 0;
};

class RowCache::MemoryStore final : public Store {
 public:
  explicit MemoryStore(uint64_t bytes_max) : memory_(bytes_max) {}

  absl::StatusOr<uint64_t> Append(std::string_view bytes) override {
    if (bytes.size() > memory_.bytes() - bytes_) {
      return MakeError(absl::StatusCode::kResourceExhausted, "the cache in memory is full");
    }
    std::memcpy(memory_.data() + bytes_, bytes.data(), bytes.size());
    return std::exchange(bytes_, bytes_ + bytes.size());
  }
  absl::StatusOr<std::string_view> Read(const RowCacheEntry& entry, std::string*) const override {
    return std::string_view(reinterpret_cast<const char*>(memory_.data()) + entry.place,
                            entry.bytes);
  }
  absl::Status Complete(const std::vector<RowCacheEntry>&) override { return {}; }

 private:
  const ReservedMemory memory_;
  uint64_t bytes_ = 0;
};

class RowCache::FileStore final : public Store {
 public:
  explicit FileStore(std::unique_ptr<RowCacheFile> file, bool is_to_be_published)
      : file_(std::move(file)), is_to_be_published_(is_to_be_published) {}

  absl::StatusOr<uint64_t> Append(std::string_view bytes) override { return file_->Append(bytes); }
  absl::StatusOr<std::string_view> Read(const RowCacheEntry& entry,
                                        std::string* scratch) const override {
    scratch->resize(entry.bytes);
    CAIRN_RETURN_IF_ERROR(file_->Read(entry.place, *scratch));
    return *scratch;
  }
  absl::Status Complete(const std::vector<RowCacheEntry>& index) override {
    return is_to_be_published_ ? file_->Publish(index) : absl::OkStatus();
  }

 private:
  const std::unique_ptr<RowCacheFile> file_;
  const bool is_to_be_published_;
};

// ---- What has been parsed ---------------------------------------------------------------------

void RowCache::Additions::Add(uint64_t chunk, const RowBatch& rows, size_t first_row) {
  const size_t begin = bytes_.size();
  EncodeRows(rows, first_row, &bytes_);
  const std::string_view added = std::string_view(bytes_).substr(begin);
  chunks_.push_back({chunk, {begin, static_cast<uint32_t>(added.size()), CrcOf(added)}});
}

void RowCache::Additions::AddTextOnly(uint64_t chunk) {
  chunks_.push_back({chunk, {0, RowCacheEntry::kTextOnly, 0}});
}

void RowCache::Additions::Clear() {
  chunks_.clear();
  bytes_.clear();
}

void RowCache::Keep(const Additions& additions) {
  if (additions.chunks_.empty()) return;
  const MutexLock lock(mutex_);
  if (store_ == nullptr || is_full_) return;
  const absl::StatusOr<uint64_t> base = store_->Append(additions.bytes_);
  absl::Status status = base.status();
  if (status.ok()) {
    for (const auto& [chunk, entry] : additions.chunks_) {
      if (index_[chunk].bytes != 0) continue;  // Another thread was at it, too.
      index_[chunk] = entry;
      index_[chunk].place += *base;
      ++known_;
    }
    if (known_ < index_.size()) return;
    status = store_->Complete(index_);
  }
  is_full_ = true;
  if (status.ok()) return;
  LOG(WARNING) << "--cache: " << MessageOf(status) << "; it has "
               << HumanCount(known_ * 100 / index_.size())
               << " % of the data, and the rest is read from the text every time";
}

absl::StatusOr<bool> RowCache::Get(uint64_t chunk, std::string* scratch, RowBatch* rows) {
  std::shared_ptr<Store> store;
  RowCacheEntry entry;
  {
    const MutexLock lock(mutex_);
    if (store_ == nullptr) return false;
    CAIRN_CHECK(chunk < index_.size());
    entry = index_[chunk];
    if (entry.bytes == 0 || entry.bytes == RowCacheEntry::kTextOnly) return false;
    store = store_;
  }
  const absl::StatusOr<std::string_view> bytes = store->Read(entry, scratch);
  absl::Status status = bytes.status();
  if (status.ok() && CrcOf(*bytes) != entry.crc) {
    status = DataLoss(place_.path, ": the rows of chunk ", chunk, " are damaged");
  }
  if (status.ok()) status = DecodeRows(*bytes, rows);
  if (status.ok()) return true;
  if (absl::IsResourceExhausted(status)) return status;
  Renew(store, status);
  return false;
}

uint64_t RowCache::chunks_known() const {
  const MutexLock lock(mutex_);
  return known_;
}

// ---- Making it --------------------------------------------------------------------------------

absl::Status RowCache::Check(const Options& options) {
  std::error_code error;
  if (options.where == kNone || options.where == kMemory) return {};
  if (fs::is_directory(options.where, error)) return {};
  return InvalidArgument("--cache \"", options.where,
                         "\": none, memory, or a directory that is there");
}

absl::StatusOr<std::unique_ptr<RowCache>> RowCache::Make(const Options& options,
                                                         const DataDefinition& definition,
                                                         LabelKind labels) {
  CAIRN_RETURN_IF_ERROR(Check(options));
  std::unique_ptr<RowCache> cache;
  if (options.where == kNone) return cache;
  const uint64_t chunks = ChunkCount(definition);
  const uint64_t index_bytes = chunks * sizeof(RowCacheEntry);
  if (index_bytes >= options.memory_bytes_max) {
    LOG(WARNING) << "--cache: its index alone would take " << HumanBytes(index_bytes)
                 << " of memory, and " << HumanBytes(options.memory_bytes_max)
                 << " are allowed: the text is read every time";
    return cache;
  }
  if (options.where == kMemory) {
    cache.reset(new RowCache({}, chunks));
    const MutexLock lock(cache->mutex_);
    cache->store_ = std::make_shared<MemoryStore>(options.memory_bytes_max - index_bytes);
  } else {
    cache.reset(new RowCache({PathOf(options.where, definition, labels),
                              IdentityOf(definition, labels), !IsSpooled(definition)},
                             chunks));
    cache->OpenFile();
  }
  return cache;
}

RowCache::RowCache(Place place, uint64_t chunks) : place_(std::move(place)), index_(chunks) {}

RowCache::~RowCache() = default;

void RowCache::OpenFile() {
  const MutexLock lock(mutex_);
  absl::StatusOr<RowCacheFile::Opened> opened = RowCacheFile::Open(place_.path, place_.identity);
  if (opened.ok() && opened->index.size() == index_.size()) {
    index_ = std::move(opened->index);
    known_ = index_.size();
    is_full_ = true;
    store_ = std::make_shared<FileStore>(std::move(opened->file), false);
    return;
  }
  if (!absl::IsNotFound(opened.status())) {
    LOG(WARNING) << "--cache: " << MessageOf(opened.status()) << "; it is made anew";
  }
  MakeFile();
}

void RowCache::MakeFile() {
  known_ = 0;
  is_full_ = false;
  index_.assign(index_.size(), {});
  store_ = nullptr;
  absl::StatusOr<std::unique_ptr<RowCacheFile>> file =
      RowCacheFile::Create(place_.path, place_.identity);
  if (file.ok()) {
    store_ = std::make_shared<FileStore>(*std::move(file), place_.is_lasting);
  } else {
    LOG(WARNING) << "--cache: " << MessageOf(file.status()) << "; the text is read every time";
  }
}

void RowCache::Renew(const std::shared_ptr<Store>& damaged, const absl::Status& why) {
  const MutexLock lock(mutex_);
  if (store_ != damaged) return;  // Another thread has seen it, too.
  CAIRN_CHECK(!place_.path.empty(), "the memory of this process has changed by itself");
  LOG(WARNING) << "--cache: " << MessageOf(why) << "; it is made anew";
  std::error_code ignored;
  fs::remove(place_.path, ignored);
  MakeFile();
}

absl::StatusOr<std::shared_ptr<RowCaches>> RowCaches::Make(const RowCache::Options& options,
                                                           const TrainProgram& program) {
  auto caches = std::make_shared<RowCaches>();
  const LabelKind labels = LabelsOf(program.model);
  RowCache::Options each = options;
  if (options.where == kMemory && program.schedule.epochs == 1) each.where = kNone;
  const bool has_valid = !program.valid.files.empty();
  const double train = BytesOf(program.train), valid = has_valid ? BytesOf(program.valid) : 0;
  const auto part = [&](double bytes) {
    return static_cast<uint64_t>(static_cast<double>(options.memory_bytes_max) * bytes /
                                 (train + valid));
  };
  each.memory_bytes_max = part(train);
  CAIRN_ASSIGN_OR_RETURN(caches->train, RowCache::Make(each, program.train, labels));
  if (!has_valid) return caches;
  each.memory_bytes_max = part(valid);
  CAIRN_ASSIGN_OR_RETURN(caches->valid, RowCache::Make(each, program.valid, labels));
  return caches;
}

}  // namespace cairn
