// What a machine has of a storage that several machines share: what it wrote and did not sync is
// its own, and may be lost with its power, wholly or in parts. Writes may fail.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/memory_file_system.h"
#include "base/random.h"
#include "sim/probes.h"

namespace cairn::sim {

// Not thread-safe: one world owns it. `stored` is what survives, whatever happens. Every result is
// one that a real disk may give, and the unkindest ones are likely.
class SimDisk final : public FileSystem {
 public:
  struct Options {
    MemoryFileSystem* stored = nullptr;  // Outlives the disk, as do the next two.
    Random* random = nullptr;
    ProbeCounts* probes = nullptr;
    bool syncs = true;         // False: Sync says that it did.
    double error_share = 0;    // Of the writes
    std::string errors_below;  // in this directory.
    // Files of the shared storage that nobody can read any more, until they are written anew.
    std::set<std::string>* unreadable = nullptr;
  };
  explicit SimDisk(Options options);
  ~SimDisk() override;

  // The process has died, the machine has not: what was written will be stored.
  void ProcessDied();
  // The machine has lost its power: of each file's unsynced sectors some are stored and others not,
  // names that were not synced are there or are not, and open files fail from now on.
  void LosePower();
  // The next Sync does not return OK before the power is lost.
  void LosePowerAtNextSync() { loses_power_ = true; }
  // Writes do not fail any more.
  void Heal() { options_.error_share = 0; }

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
  absl::StatusOr<std::unique_ptr<DirectoryLock>> LockDirectory(const std::string& path) override {
    return options_.stored->LockDirectory(path);
  }

 private:
  class OpenFile;
  // A file that this machine writes.
  struct Cached {
    std::string path;
    std::unique_ptr<WritableFile> stored;
    uint64_t stored_bytes = 0;
    std::vector<std::byte> unsynced;
    bool is_zeroed = false;
    absl::Status failure;
  };

  bool Fails(const std::string& path);
  absl::Status CheckReadable(const std::string& path) const;
  absl::StatusOr<std::unique_ptr<WritableFile>> Keep(
      const std::string& path, absl::StatusOr<std::unique_ptr<WritableFile>> stored,
      bool is_zeroed);
  absl::Status Store(Cached* file);
  absl::Status Sync(Cached* file);
  void StoreAll();
  std::vector<std::byte> SectorsThatStay(const Cached& file);

  Options options_;
  bool loses_power_ = false;
  std::vector<std::shared_ptr<Cached>> files_;
  std::set<std::string> new_names_;                        // Not synced,
  std::map<std::string, std::vector<std::byte>> removed_;  // nor are these removals.
};

}  // namespace cairn::sim
