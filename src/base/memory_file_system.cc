#include "base/memory_file_system.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/status.h"

namespace cairn {
namespace {

// "./a//b/" -> "a/b". Empty stays empty: it names nothing.
std::string Normal(const std::string& path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

bool AlwaysThere(const std::string& directory) { return directory == "/" || directory == "."; }

// What the paths of everything below a directory begin with.
std::string PrefixOf(const std::string& directory) {
  if (directory == ".") return "";
  return directory == "/" ? directory : directory + "/";
}

bool LiesDirectlyIn(const std::string& directory, const std::string& path) {
  return !AlwaysThere(path) && ParentDirectory(path) == directory;
}

const std::string& PathOf(const std::string& entry) { return entry; }
template <typename Value>
const std::string& PathOf(const std::pair<const std::string, Value>& entry) {
  return entry.first;
}

template <typename Container>
void EraseBelow(const std::string& directory, Container& entries) {
  const std::string prefix = PrefixOf(directory);
  std::erase_if(entries, [&](const auto& entry) { return PathOf(entry).starts_with(prefix); });
}

}  // namespace

class MemoryFileSystem::OpenFile final : public WritableFile {
 public:
  OpenFile(MemoryFileSystem* files, std::string path, std::shared_ptr<Node> node, uint64_t crashes)
      : files_(files), path_(std::move(path)), node_(std::move(node)), crashes_(crashes) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    MutexLock lock(files_->mutex_);
    CAIRN_RETURN_IF_ERROR(Usable("write"));
    node_->bytes.resize(std::max(node_->bytes.size(), node_->written + bytes.size()));
    std::copy(bytes.begin(), bytes.end(),
              node_->bytes.begin() + static_cast<ptrdiff_t>(node_->written));
    node_->written += bytes.size();
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    MutexLock lock(files_->mutex_);
    CAIRN_RETURN_IF_ERROR(Usable("sync"));
    node_->synced_bytes = node_->written;
    return absl::OkStatus();
  }

  absl::Status Close() override {
    MutexLock lock(files_->mutex_);
    CAIRN_RETURN_IF_ERROR(Usable("close"));
    closed_ = true;
    return absl::OkStatus();
  }

 private:
  absl::Status Usable(const char* operation) const CAIRN_REQUIRES(files_->mutex_) {
    if (closed_) return FailedPrecondition(operation, " ", path_, ": the file is closed");
    if (crashes_ != files_->crashes_) {
      return Unavailable(operation, " ", path_, ": the machine has crashed since it was opened");
    }
    return absl::OkStatus();
  }

  MemoryFileSystem* const files_;
  const std::string path_;
  const std::shared_ptr<Node> node_;
  const uint64_t crashes_;  // Of the file system when the file was opened.
  bool closed_ = false;
};

absl::Status MemoryFileSystem::NothingAt(const char* operation, const std::string& path) const {
  for (std::string up = ParentDirectory(path); !AlwaysThere(up); up = ParentDirectory(up)) {
    if (files_.contains(up)) {
      return FailedPrecondition(operation, " ", path, ": ", up, " is not a directory");
    }
  }
  return NotFound(operation, " ", path, ": no such file or directory");
}

bool MemoryFileSystem::IsDirectory(const std::string& path) const {
  return AlwaysThere(path) || directories_.contains(path);
}

absl::StatusOr<std::shared_ptr<MemoryFileSystem::Node>> MemoryFileSystem::Find(
    const char* operation, const std::string& path) const {
  const std::string normal = Normal(path);
  const auto found = files_.find(normal);
  if (found != files_.end()) return found->second;
  if (IsDirectory(normal)) return FailedPrecondition(operation, " ", path, ": is a directory");
  return NothingAt(operation, normal);
}

absl::Status MemoryFileSystem::CheckFilePath(const char* operation,
                                             const std::string& normal) const {
  if (IsDirectory(normal)) return FailedPrecondition(operation, " ", normal, ": is a directory");
  if (normal.empty() || !IsDirectory(ParentDirectory(normal))) return NothingAt(operation, normal);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::byte>> MemoryFileSystem::ReadAll(const std::string& path) {
  MutexLock lock(mutex_);
  CAIRN_ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find("read", path));
  return node->bytes;
}

absl::StatusOr<uint64_t> MemoryFileSystem::Size(const std::string& path) {
  MutexLock lock(mutex_);
  CAIRN_ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find("read", path));
  return node->bytes.size();
}

absl::StatusOr<size_t> MemoryFileSystem::ReadAt(const std::string& path, uint64_t offset,
                                                std::span<std::byte> buffer) {
  MutexLock lock(mutex_);
  CAIRN_ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find("read", path));
  const size_t size = node->bytes.size();
  const size_t from = offset < size ? static_cast<size_t>(offset) : size;
  const size_t count = std::min(buffer.size(), size - from);
  std::copy_n(node->bytes.begin() + static_cast<ptrdiff_t>(from), count, buffer.begin());
  return count;
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenForAppend(
    const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  if (files_.contains(normal) || IsDirectory(normal)) {
    return MakeError(absl::StatusCode::kAlreadyExists, "open ", path, ": file exists");
  }
  CAIRN_RETURN_IF_ERROR(CheckFilePath("open", normal));
  auto node = std::make_shared<Node>();
  files_[normal] = node;
  return std::make_unique<OpenFile>(this, path, std::move(node), crashes_);
}

absl::StatusOr<std::unique_ptr<WritableFile>> MemoryFileSystem::OpenZeroed(const std::string& path,
                                                                           uint64_t bytes) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, OpenForAppend(path));
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  Node& node = *files_.at(normal);
  node.zeros = bytes;
  node.bytes.resize(bytes);
  SyncNames(ParentDirectory(normal));
  return file;
}

absl::Status MemoryFileSystem::WriteFileAtomically(const std::string& path,
                                                   std::span<const std::byte> bytes) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  CAIRN_RETURN_IF_ERROR(CheckFilePath("write", normal));
  auto node = std::make_shared<Node>();
  node->bytes.assign(bytes.begin(), bytes.end());
  node->synced_bytes = bytes.size();
  files_[normal] = std::move(node);
  SyncNames(ParentDirectory(normal));
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::CreateDirectories(const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  if (normal.empty()) return NothingAt("make directory", normal);
  std::vector<std::string> missing;  // Innermost first.
  for (std::string up = normal; !IsDirectory(up); up = ParentDirectory(up)) {
    if (files_.contains(up)) {
      return FailedPrecondition("make directory ", path, ": ", up, " is not a directory");
    }
    missing.push_back(up);
  }
  while (!missing.empty()) {
    const std::string parent = ParentDirectory(missing.back());
    SyncNames(parent);  // A removal of an older one of this name comes first.
    directories_.insert(missing.back());
    SyncNames(parent);
    missing.pop_back();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryFileSystem::List(const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  if (files_.contains(normal)) return FailedPrecondition("list ", path, ": not a directory");
  if (!IsDirectory(normal)) return NothingAt("list", normal);
  std::vector<std::string> names;
  const auto add = [&](const std::string& entry) {
    if (LiesDirectlyIn(normal, entry)) names.push_back(entry.substr(PrefixOf(normal).size()));
  };
  for (const auto& [file, node] : files_) add(file);
  for (const std::string& directory : directories_) add(directory);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<bool> MemoryFileSystem::Exists(const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  return files_.contains(normal) || IsDirectory(normal);
}

absl::Status MemoryFileSystem::Remove(const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  if (files_.erase(normal) > 0) return absl::OkStatus();
  if (!IsDirectory(normal)) return NothingAt("remove", normal);
  const std::string prefix = PrefixOf(normal);
  const auto inside = [&](const auto& entry) { return PathOf(entry).starts_with(prefix); };
  if (AlwaysThere(normal) || std::any_of(files_.begin(), files_.end(), inside) ||
      std::any_of(directories_.begin(), directories_.end(), inside)) {
    return FailedPrecondition("remove ", path, ": directory not empty");
  }
  directories_.erase(normal);
  return absl::OkStatus();
}

absl::Status MemoryFileSystem::SyncDirectory(const std::string& path) {
  MutexLock lock(mutex_);
  const std::string normal = Normal(path);
  if (files_.contains(normal)) {
    return FailedPrecondition("sync directory ", path, ": not a directory");
  }
  if (!IsDirectory(normal)) return NothingAt("sync directory", normal);
  SyncNames(normal);
  return absl::OkStatus();
}

void MemoryFileSystem::SyncNames(const std::string& directory) {
  std::vector<std::string> removed;
  for (const std::string& durable : durable_directories_) {
    if (LiesDirectlyIn(directory, durable) && !directories_.contains(durable)) {
      removed.push_back(durable);
    }
  }
  for (const std::string& gone : removed) {  // And with it what was still durable inside.
    durable_directories_.erase(gone);
    EraseBelow(gone, durable_directories_);
    EraseBelow(gone, durable_files_);
  }
  for (const std::string& present : directories_) {
    if (LiesDirectlyIn(directory, present)) durable_directories_.insert(present);
  }
  std::erase_if(durable_files_,
                [&](const auto& entry) { return LiesDirectlyIn(directory, entry.first); });
  for (const auto& [path, node] : files_) {
    if (LiesDirectlyIn(directory, path)) durable_files_[path] = node;
  }
}

void MemoryFileSystem::Crash() {
  MutexLock lock(mutex_);
  locked_.clear();
  ++crashes_;
  directories_ = durable_directories_;
  files_ = durable_files_;
  for (auto& [path, node] : files_) {
    node->bytes.resize(node->synced_bytes);
    node->bytes.resize(std::max(node->synced_bytes, node->zeros));
  }
}

absl::Status MemoryFileSystem::FlipBit(const std::string& path, uint64_t bit) {
  MutexLock lock(mutex_);
  CAIRN_ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find("flip a bit of", path));
  if (bit / 8 >= node->bytes.size()) {
    return MakeError(absl::StatusCode::kOutOfRange, "flip a bit of ", path, ": it has only ",
                     node->bytes.size(), " bytes");
  }
  node->bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  return absl::OkStatus();
}

class MemoryFileSystem::Lock final : public DirectoryLock {
 public:
  Lock(MemoryFileSystem* files, uint64_t number) : files_(files), number_(number) {}
  ~Lock() override {
    MutexLock lock(files_->mutex_);
    std::erase_if(files_->locked_, [this](const auto& held) { return held.second == number_; });
  }

 private:
  MemoryFileSystem* const files_;
  const uint64_t number_;
};

absl::StatusOr<std::unique_ptr<DirectoryLock>> MemoryFileSystem::LockDirectory(
    const std::string& path) {
  const std::string normal = Normal(path);
  MutexLock lock(mutex_);
  if (!IsDirectory(normal)) return NotFound("lock ", path, ": no such directory");
  if (!locked_.emplace(normal, locks_ + 1).second) {
    return FailedPrecondition(path, " is in use by another process");
  }
  return std::make_unique<Lock>(this, ++locks_);
}

}  // namespace cairn
