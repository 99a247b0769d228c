// Files in memory: for tests and the simulator. Deterministic, and it can lose power.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/mutex.h"

namespace cairn {

// Behaves as PosixFileSystem does, durability included: bytes survive a Crash once their file was
// synced, names once their directory was. The directories "/" and "." are always there. Open files
// must not outlive the file system.
class MemoryFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::vector<std::byte>> ReadAll(const std::string& path) override;
  absl::StatusOr<uint64_t> Size(const std::string& path) override;
  absl::StatusOr<size_t> ReadAt(const std::string& path, uint64_t offset,
                                std::span<std::byte> buffer) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenZeroed(const std::string& path,
                                                           uint64_t bytes) override;
  absl::Status WriteFileAtomically(const std::string& path,
                                   std::span<const std::byte> bytes) override;
  absl::Status CreateDirectories(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override;
  absl::StatusOr<bool> Exists(const std::string& path) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(const std::string& path) override;

  // The power goes and comes back: what was not synced is lost, in the worst way that a real disk
  // is allowed (no unsynced byte stays, no unsynced removal took place). Open files fail from now
  // on with kUnavailable; nothing is locked.
  void Crash();

  // Flips one bit of a file's content, durable part included, for tests of what reads it. `bit`
  // counts from the lowest bit of the first byte. kNotFound, kOutOfRange.
  absl::Status FlipBit(const std::string& path, uint64_t bit);

 private:
  class OpenFile;
  class Lock;
  struct Node {
    std::vector<std::byte> bytes;
    size_t written = 0;       // A prefix; OpenZeroed: what is behind it is zero.
    size_t synced_bytes = 0;  // Of what was written.
    size_t zeros = 0;         // OpenZeroed: the least that the file has, whatever happens.
  };
  // Open files share it with the directory, because a removed file can still be written to.
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  // Paths called `normal` are in normal form; the others are as the caller wrote them.
  absl::StatusOr<std::shared_ptr<Node>> Find(const char* operation, const std::string& path) const
      CAIRN_REQUIRES(mutex_);
  absl::Status NothingAt(const char* operation, const std::string& normal) const
      CAIRN_REQUIRES(mutex_);
  bool IsDirectory(const std::string& normal) const CAIRN_REQUIRES(mutex_);
  // Whether a file could be made or replaced there.
  absl::Status CheckFilePath(const char* operation, const std::string& normal) const
      CAIRN_REQUIRES(mutex_);
  void SyncNames(const std::string& directory) CAIRN_REQUIRES(mutex_);

  mutable Mutex mutex_;
  uint64_t crashes_ CAIRN_GUARDED_BY(mutex_) = 0;
  // Normal paths. Directories are durable from the start, as CreateDirectories promises.
  std::set<std::string> directories_ CAIRN_GUARDED_BY(mutex_);
  std::set<std::string> durable_directories_ CAIRN_GUARDED_BY(mutex_);
  std::map<std::string, uint64_t> locked_ CAIRN_GUARDED_BY(mutex_);  // Normal path to lock.
  uint64_t locks_ CAIRN_GUARDED_BY(mutex_) = 0;
  Names files_ CAIRN_GUARDED_BY(mutex_);
  Names durable_files_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn
