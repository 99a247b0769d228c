// The machine's own files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace cairn {

// Holds no state. Files are made with mode 0644, directories with 0755, less the umask.
class PosixFileSystem final : public FileSystem {
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
};

}  // namespace cairn
