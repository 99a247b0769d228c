// An executor's snapshots: of each partition at most one is under way, between its other work.
// doc/protocol.md, section 12, says what they are for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/digest.h"
#include "server/partition.h"
#include "server/snapshot.h"
#include "server/storage.h"
#include "wire/message.h"

namespace cairn {

struct SnapshotActions {
  std::vector<SnapshotDone> answers;  // To the coordinator.
  std::vector<StorageRequest> storage;
};

// How a snapshot is cut up.
struct SnapshotPieces {
  size_t slice_rows = 1'024;         // Of a scan, between two messages: well under a millisecond.
  size_t append_bytes = 256u << 10;  // At least, that are handed to the disk at once.
};

// Owned by an executor; a core like it. Partitions outlive what is under way of them: Forget comes
// first.
class SnapshotJobs {
 public:
  // `context` is that of the partitions, and outlives this; `process` is the server's.
  SnapshotJobs(const PartitionContext* context, uint32_t process, SnapshotPieces pieces)
      : context_(context), process_(process), pieces_(pieces) {}

  // Begins, goes on with or answers again. `ticket` is new, for the files of this one if it begins;
  // then true: Advance has work.
  bool OnRequest(const SnapshotRequest& request, uint64_t ticket, Partition* partition,
                 SnapshotActions* out);
  // bsp: the partition has come to another step, perhaps to that of its snapshot.
  void OnStep(uint32_t partition, SnapshotActions* out);
  // The partition is no longer here, or will be another one: nothing of it is known any more.
  void Forget(uint32_t partition, SnapshotActions* out);
  // False: it is none of its tickets.
  bool OnStorage(const StorageResult& result, SnapshotActions* out);
  // One slice more, of one of them. True if there is more to do, without waiting for a result.
  bool Advance(SnapshotActions* out);

 private:
  // One partition's part of a checkpoint; also the bare digest, when no directory is named.
  struct Job {
    SnapshotRequest request;
    SnapshotDone done;
    Partition* partition = nullptr;
    std::unique_ptr<DigestScan> digest;
    std::unique_ptr<SnapshotWriter> writer;
    std::string path;
    std::vector<std::byte> bytes;  // Not handed to the disk yet.
    uint64_t ticket = 0;
    uint32_t requests_pending = 0;  // Storage requests without a result.
    bool scanned = false;           // bsp: the body is complete, the cut has not come.
    bool finished = false;          // `done` holds, and is only repeated.

    // Otherwise it only waits, or is done.
    bool Scans() const { return !scanned && (digest != nullptr || writer != nullptr); }
  };

  void Begin(Job* job, SnapshotActions* out);
  uint64_t IncrementOn(const Job& job) const;
  void Step(Job* job, SnapshotActions* out);
  void SetCut(Job* job, StepIndex cut, SnapshotActions* out);
  void Close(Job* job, SnapshotActions* out);
  void Abort(Job* job, SnapshotActions* out);
  void Finish(Job* job, SnapshotActions* out);
  static void Append(Job* job, SnapshotActions* out);
  static void SetTotals(Job* job, uint64_t rows, const ModelDigest& digest);

  const PartitionContext* const context_;
  const uint32_t process_;
  const SnapshotPieces pieces_;
  std::map<uint32_t, Job> jobs_;  // By partition: of its newest checkpoint.
  // By partition: of which checkpoint the snapshot is to which its rows are dirty or clean. It is
  // durable, and was written here.
  std::map<uint32_t, uint64_t> bases_;
};

}  // namespace cairn
