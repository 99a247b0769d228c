// The server's state machine: one executor with the partitions that it owns. Messages and storage
// completions in; messages and storage requests out. No thread, socket, file or clock: server.cc
// and the simulator are its two shells.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/optimizer.h"
#include "server/partition.h"
#include "server/partition_loader.h"
#include "server/pulled_ids.h"
#include "server/snapshot_jobs.h"
#include "server/storage.h"
#include "transport/outbox.h"
#include "wire/limits.h"

namespace cairn {

struct ExecutorActions {
  Outbox messages;
  std::vector<StorageRequest> storage;
};

class ExecutorCore {
 public:
  struct Options {
    uint32_t executor = 0;  // This executor serves partitions p with p % executors == executor.
    uint32_t executors = 1;
    ServerGuards guards;
    RowOptimizers optimizers;  // Beyond the built-in ones.
    size_t pulled_ids_bytes_max = limits::kPulledIdsBytesMax;
    SnapshotPieces snapshot_pieces = {};
  };

  // After the server was welcomed. kInvalidArgument: the job names an optimizer that is not linked.
  static absl::StatusOr<std::unique_ptr<ExecutorCore>> Make(const Welcome& welcome,
                                                            const ProcessId& self,
                                                            const ProcessId& coordinator,
                                                            std::string coordinator_address,
                                                            Options options);

  // Push, Pull, MapUpdate, SnapshotRequest; everything else is ignored. A message for several
  // executors is given to each: an executor takes the parts that it serves.
  void Receive(const MessagePtr& message, ExecutorActions* out);
  void Completed(const StorageResult& result, ExecutorActions* out);
  // Goes on with long work (snapshots, loading) in slices of well under 1 ms.
  void Tick(ExecutorActions* out);
  // "Now" while a snapshot or a load goes on, else never: nothing here waits for time to pass.
  bool wants_tick() const { return busy_; }

  // Does this executor serve any part of the message? For the shell that hands messages over.
  bool Serves(uint32_t partition) const {
    return partition % options_.executors == options_.executor;
  }
  // To look at, not to keep: nullptr if this executor is not its primary.
  const Partition* FindPartition(uint32_t partition) const;
  uint64_t rows() const;  // Of all tables and partitions here.
  uint64_t bytes() const;

 private:
  // A partition of which this server is primary.
  struct Owned {
    uint64_t term = 0;
    std::unique_ptr<Partition> partition;
    std::unique_ptr<PartitionLoader> loader;  // Not null: not ready yet.
    std::string not_loaded;                   // Nor will it ever be: why.
  };
  // A pull, or a part of it, that cannot be answered yet.
  struct WaitingPull {
    MessagePtr message;
    const PullPart* part;
  };
  ExecutorCore(const Welcome& welcome, const ProcessId& self, const ProcessId& coordinator,
               std::string coordinator_address, Options options);

  void OnMap(const MapUpdate& map, ExecutorActions* out);
  void OnPush(const MessagePtr& sent, ExecutorActions* out);
  // Why a part cannot be handed to its partition, which is nullptr then.
  Owned* Admit(const Push& push, const PushPart& part, PartCode* code);
  void PrefetchNext(const Push& push, const PushPart* part) const;
  uint64_t AssemblyBytes() const;
  void OnPull(const MessagePtr& message, ExecutorActions* out);
  void KeepIds(const MessagePtr& message);
  void OwnPartition(uint32_t p, const PartitionEntry& entry, const MapUpdate& map,
                    ExecutorActions* out);
  void ForgetPartition(uint32_t p, ExecutorActions* out);
  void RepeatNotLoaded(ExecutorActions* out) const;
  void OnSnapshotRequest(const SnapshotRequest& request, ExecutorActions* out);
  void OnStep(const Partition& partition, ExecutorActions* out);
  void CarryOut(SnapshotActions actions, ExecutorActions* out) const;
  void SendToCoordinator(Body body, ExecutorActions* out) const;
  // Answers for "who serves this": nullptr, and the code to answer with, if not us.
  Owned* Serving(uint32_t partition, uint64_t term, PartCode* code);
  // Keeps a pull until it can be answered; one that is repeated waits only once.
  void Park(const MessagePtr& message, const PullPart& part);
  // Answers what waited for these partitions, one reply for each request.
  void ServeWaiting(const std::vector<uint32_t>& partitions, ExecutorActions* out);
  Header ReplyTo(const Message& request) const;
  void Fail(int32_t code, const absl::Status& status, ExecutorActions* out);
  void AdvanceLoads(ExecutorActions* out);

  const Options options_;
  const ProcessId self_;
  ProcessId coordinator_;  // The life that has spoken last.
  const std::string coordinator_address_;
  const std::vector<InitFile> init_files_;
  PartitionContext context_;
  uint64_t map_index_ = 0;
  uint64_t restored_ = 0;  // The checkpoint that partitions began with; 0: none.
  std::map<uint32_t, Owned> owned_;
  PulledIdCache pulled_ids_;
  std::map<uint32_t, std::deque<WaitingPull>> waiting_;
  size_t waiting_count_ = 0;
  SnapshotJobs snapshots_;
  uint64_t next_ticket_ = 1;
  bool busy_ = false;
};

}  // namespace cairn
