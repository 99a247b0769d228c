#include "sim/sim_disk.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace cairn::sim {
namespace {

constexpr uint64_t kSectorBytes = 512;  // Stored as a whole, or not.

}  // namespace

class SimDisk::OpenFile final : public WritableFile {
 public:
  OpenFile(SimDisk* disk, std::shared_ptr<Cached> file) : disk_(disk), file_(std::move(file)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    if (file_->failure.ok() && disk_->Fails(file_->path)) {
      file_->failure = MakeError(absl::StatusCode::kResourceExhausted, "write ", file_->path,
                                 ": no space left on device");
    }
    if (!file_->failure.ok()) return file_->failure;
    file_->unsynced.insert(file_->unsynced.end(), bytes.begin(), bytes.end());
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    if (file_->failure.ok() && disk_->Fails(file_->path)) {
      file_->failure =
          MakeError(absl::StatusCode::kInternal, "sync ", file_->path, ": input/output error");
    }
    if (!file_->failure.ok()) return file_->failure;
    return disk_->Sync(file_.get());
  }
  absl::Status Close() override { return file_->failure; }

 private:
  SimDisk* const disk_;
  const std::shared_ptr<Cached> file_;
};

SimDisk::SimDisk(Options options) : options_(std::move(options)) {}
SimDisk::~SimDisk() = default;

bool SimDisk::Fails(const std::string& path) {
  if (options_.error_share == 0 || !path.starts_with(options_.errors_below)) return false;
  if (!options_.random->Chance(options_.error_share)) return false;
  options_.probes->Hit(Probe::kDiskError);
  return true;
}

absl::Status SimDisk::CheckReadable(const std::string& path) const {
  if (!options_.unreadable->contains(path)) return {};
  options_.probes->Hit(Probe::kReadError);
  return MakeError(absl::StatusCode::kInternal, "read ", path, ": input/output error");
}

// ---- Power --------------------------------------------------------------------------------------

void SimDisk::ProcessDied() {
  StoreAll();
  loses_power_ = false;
}

// Each sector by itself: a disk writes them in the order that suits it. A file that grew ends where
// its length was stored; what was not stored before that is zero.
std::vector<std::byte> SimDisk::SectorsThatStay(const Cached& file) {
  Random* const random = options_.random;
  std::vector<std::byte> bytes = file.unsynced;
  if (!file.is_zeroed) bytes.resize(random->Below(bytes.size() + 1));
  size_t lost = 0;
  for (size_t at = 0; at < bytes.size();) {
    const uint64_t in_sector = (file.stored_bytes + at) % kSectorBytes;
    const size_t end = std::min<size_t>(bytes.size(), at + (kSectorBytes - in_sector));
    if (random->Chance(0.5)) {
      std::fill(bytes.begin() + static_cast<ptrdiff_t>(at),
                bytes.begin() + static_cast<ptrdiff_t>(end), std::byte{0});
      ++lost;
    }
    at = end;
  }
  if (lost > 0) options_.probes->Hit(Probe::kTorn);
  return bytes;
}

void SimDisk::LosePower() {
  options_.probes->Hit(Probe::kPowerLost);
  loses_power_ = false;
  for (const std::shared_ptr<Cached>& file : files_) {
    file->unsynced = SectorsThatStay(*file);
    CAIRN_CHECK(Store(file.get()).ok());
    file->failure = Unavailable("write ", file->path, ": the machine has lost its power");
  }
  files_.clear();
  for (const std::string& name : new_names_) {
    if (options_.random->Chance(0.5)) options_.stored->Remove(name).IgnoreError();
  }
  for (const auto& [path, bytes] : removed_) {
    const bool is_there = options_.stored->Exists(path).value_or(true);
    if (is_there || options_.random->Chance(0.5)) continue;
    const absl::Status back = options_.stored->WriteFileAtomically(path, bytes);
    const bool is_legal = back.ok() || absl::IsNotFound(back);  // Another one took its directory.
    CAIRN_CHECK(is_legal, MessageOf(back));
  }
  new_names_.clear();
  removed_.clear();
}

absl::Status SimDisk::Store(Cached* file) {
  CAIRN_RETURN_IF_ERROR(file->stored->Append(file->unsynced));
  file->stored_bytes += file->unsynced.size();
  file->unsynced.clear();
  return {};
}

// A disk stores what it likes when it likes: here, whenever somebody reads.
void SimDisk::StoreAll() {
  for (const std::shared_ptr<Cached>& file : files_) CAIRN_CHECK(Store(file.get()).ok());
  std::erase_if(files_, [](const auto& file) { return file.use_count() == 1; });
}

absl::Status SimDisk::Sync(Cached* file) {
  if (loses_power_) {
    LosePower();
    return file->failure;
  }
  return options_.syncs ? Store(file) : absl::OkStatus();
}

// ---- Files --------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<WritableFile>> SimDisk::Keep(
    const std::string& path, absl::StatusOr<std::unique_ptr<WritableFile>> stored, bool is_zeroed) {
  CAIRN_RETURN_IF_ERROR(stored.status());
  auto file = std::make_shared<Cached>();
  file->path = path;
  file->stored = *std::move(stored);
  file->is_zeroed = is_zeroed;
  files_.push_back(file);
  return std::make_unique<OpenFile>(this, std::move(file));
}

absl::StatusOr<std::unique_ptr<WritableFile>> SimDisk::OpenForAppend(const std::string& path) {
  if (Fails(path)) {
    return MakeError(absl::StatusCode::kResourceExhausted, "open ", path,
                     ": no space left on device");
  }
  options_.unreadable->erase(path);
  auto file = Keep(path, options_.stored->OpenForAppend(path), false);
  if (file.ok()) new_names_.insert(path);
  return file;
}

absl::StatusOr<std::unique_ptr<WritableFile>> SimDisk::OpenZeroed(const std::string& path,
                                                                  uint64_t bytes) {
  return Keep(path, options_.stored->OpenZeroed(path, bytes), true);
}

absl::Status SimDisk::WriteFileAtomically(const std::string& path,
                                          std::span<const std::byte> bytes) {
  if (Fails(path)) {
    return MakeError(absl::StatusCode::kResourceExhausted, "write ", path,
                     ": no space left on device");
  }
  return options_.stored->WriteFileAtomically(path, bytes);
}

absl::Status SimDisk::Remove(const std::string& path) {
  StoreAll();
  options_.unreadable->erase(path);
  const absl::StatusOr<std::vector<std::byte>> bytes = options_.stored->ReadAll(path);
  CAIRN_RETURN_IF_ERROR(options_.stored->Remove(path));
  if (new_names_.erase(path) == 0 && bytes.ok()) removed_[path] = *bytes;
  return {};
}

absl::Status SimDisk::SyncDirectory(const std::string& path) {
  CAIRN_RETURN_IF_ERROR(options_.stored->SyncDirectory(path));
  if (!options_.syncs) return {};
  std::erase_if(new_names_, [&](const std::string& name) { return ParentDirectory(name) == path; });
  std::erase_if(removed_, [&](const auto& entry) { return ParentDirectory(entry.first) == path; });
  return {};
}

absl::Status SimDisk::CreateDirectories(const std::string& path) {
  return options_.stored->CreateDirectories(path);
}

absl::StatusOr<std::vector<std::byte>> SimDisk::ReadAll(const std::string& path) {
  StoreAll();
  CAIRN_RETURN_IF_ERROR(CheckReadable(path));
  return options_.stored->ReadAll(path);
}

absl::StatusOr<uint64_t> SimDisk::Size(const std::string& path) {
  StoreAll();
  return options_.stored->Size(path);
}

absl::StatusOr<size_t> SimDisk::ReadAt(const std::string& path, uint64_t offset,
                                       std::span<std::byte> buffer) {
  StoreAll();
  CAIRN_RETURN_IF_ERROR(CheckReadable(path));
  return options_.stored->ReadAt(path, offset, buffer);
}

absl::StatusOr<std::vector<std::string>> SimDisk::List(const std::string& path) {
  return options_.stored->List(path);
}

absl::StatusOr<bool> SimDisk::Exists(const std::string& path) {
  return options_.stored->Exists(path);
}

}  // namespace cairn::sim
