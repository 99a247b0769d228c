// Fills a partition from a saved model: reads the snapshot files that can hold its rows, whatever
// number of partitions they were written with. A core: asks for reads, is fed what was read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/ahead_rows.h"
#include "server/partition.h"
#include "server/snapshot.h"
#include "server/storage.h"

namespace cairn {

// Which of `saved` partitions (a power of two), ascending, can have had rows of `partition` out of
// `partitions`: sparse rows lie by the top bits of their id, dense blocks by the low bits of their
// index.
std::vector<uint32_t> SourcesOfPartition(uint32_t saved, uint32_t partition, uint32_t partitions);

// Owned by an executor, beside the partition that it fills. A new job starts from the rows only:
// the stamps in the files belong to the old one. A job that is restored goes on with them.
class PartitionLoader {
 public:
  enum class Stamps : uint8_t { kDropped, kKept };

  // `partition` outlives the loader. `files`: all snapshot files, by partition; of each the one of
  // all rows, then its increments.
  PartitionLoader(Partition* partition, uint32_t partitions, std::vector<InitFile> files,
                  Stamps stamps, uint64_t ticket);
  ~PartitionLoader();

  uint64_t ticket() const { return ticket_; }
  bool done() const { return next_ == chosen_.size(); }
  // The next read, once; nullopt while one is under way, or at the end.
  std::optional<StorageRequest> NextRead();
  // kDataLoss: a damaged file, or not the one that belongs here; kFailedPrecondition: rows
  // that do not fit the job's tables; kNotFound and the like: from the file system. All name the
  // file.
  absl::Status OnRead(const StorageResult& result);

 private:
  class Sink;

  bool IsLastOfItsPartition() const;
  absl::Status RestoreStamps();

  Partition* partition_;
  Stamps stamps_;
  uint64_t ticket_;
  std::vector<InitFile> chosen_;
  size_t next_ = 0;      // Into chosen_.
  uint64_t read_ = 0;    // The checkpoint of the file before it, if that is of the same partition.
  uint64_t offset_ = 0;  // Within the current file.
  uint32_t crc_ = 0;     // Of the current file, so far.
  bool reading_ = false;
  std::vector<FormerStamps> formers_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<SnapshotParser> parser_;
};

}  // namespace cairn
