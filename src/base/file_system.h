// The storage seam: everything that Cairn writes or reads back by name goes through here, so that
// the simulator can hand in a disk that loses power. Paths use '/'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// A file being written, from its first byte on. Owned by one thread at a time. After an error of
// Append or Sync the content is unknown: every later call returns that error again, and the file is
// to be given up. Destruction closes without syncing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  // Adds all bytes behind what was written so far, or fails.
  virtual absl::Status Append(std::span<const std::byte> bytes) = 0;
  // Once it returns OK, what was appended survives a loss of power. So does the file's name, once
  // its directory is synced too.
  virtual absl::Status Sync() = 0;
  // Does not sync. After Close, everything but destruction is kFailedPrecondition.
  virtual absl::Status Close() = 0;
};

// Holds a directory for its owner (FileSystem::LockDirectory).
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

// Thread-safe; two writers of one path at a time are the caller's mistake. Errors name the
// operation and the path. kNotFound: no such file, or no such parent directory. kAlreadyExists,
// kPermissionDenied, kResourceExhausted (disk full) and kFailedPrecondition (a directory where a
// file is expected or the other way round) mean what they say.
class FileSystem {
 public:
  // ReadAll refuses longer files with kResourceExhausted: read those piece by piece.
  static constexpr uint64_t kReadAllBytesMax = uint64_t{1} << 30;

  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::vector<std::byte>> ReadAll(const std::string& path) = 0;

  // Bytes of a file.
  virtual absl::StatusOr<uint64_t> Size(const std::string& path) = 0;

  // Reads from `offset` on until `buffer` is full or the file ends; returns how much was read,
  // which is less than the buffer only at the end of the file.
  virtual absl::StatusOr<size_t> ReadAt(const std::string& path, uint64_t offset,
                                        std::span<std::byte> buffer) = 0;

  // Makes a new file to append to. kAlreadyExists if there is one of that name: nothing that is
  // written is ever overwritten in place.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path) = 0;

  // Makes a new file of so many zeros, durable with its name, to be written over from its first
  // byte on: what is written where there was a zero is synced much faster than what makes a file
  // longer. After a crash what was not synced may be there, or the zeros; a crash in the middle
  // leaves at most `path` + ".tmp". Otherwise as OpenForAppend.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> OpenZeroed(const std::string& path,
                                                                   uint64_t bytes) = 0;

  // Makes or replaces a file: after a crash at any moment it has the old content or the new one,
  // and once this returns OK, the new one. Leaves at most `path` + ".tmp" behind on failure.
  virtual absl::Status WriteFileAtomically(const std::string& path,
                                           std::span<const std::byte> bytes) = 0;

  // Makes a directory with all its missing parents, durably. Existing ones are no error.
  virtual absl::Status CreateDirectories(const std::string& path) = 0;

  // Names (not paths) of the files and directories in a directory, ascending by bytes.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;

  // False only if the path is surely not there.
  virtual absl::StatusOr<bool> Exists(const std::string& path) = 0;

  // Removes a file or an empty directory. Durable once the directory it was in is synced.
  virtual absl::Status Remove(const std::string& path) = 0;

  // Makes the names in a directory durable: files created in it, files removed from it.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Keeps others out who lock the same directory, until the lock is destroyed or its process ends,
  // however it does. By a file kLockName in it, which stays. kFailedPrecondition: somebody else has
  // it, and is named. A file system that knows no locks keeps nobody out.
  static constexpr char kLockName[] = "LOCK";
  virtual absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(const std::string& path) = 0;
};

// The directory that holds `path`: "a/b" -> "a", "/a" -> "/", "a" -> ".".
std::string ParentDirectory(const std::string& path);
// "dir" and "name" -> "dir/name"; "" and "name" -> "name".
std::string JoinPath(const std::string& directory, const std::string& name);

}  // namespace cairn
