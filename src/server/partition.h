// One partition at its primary: a serial log of operations over the rows of all tables, with the
// stamps that make every operation idempotent. doc/protocol.md is its specification. Owned by one
// executor thread; deterministic.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cairn/job.h"
#include "server/ahead_rows.h"
#include "server/guards.h"
#include "server/snapshot.h"
#include "server/table_shard.h"
#include "server/undo.h"
#include "wire/message.h"

namespace cairn {

// The streams that exist, as the map tells them; the same for all partitions of a server.
struct StreamSet {
  StreamId floor = 0;
  StreamId opened = 0;
  std::vector<StreamId> closed;  // Sorted; bsp and ssp only.

  bool IsClosed(StreamId stream) const;
};

// What partitions share, owned by their executor.
struct PartitionContext {
  JobSpec job;
  std::vector<std::shared_ptr<const TableSchema>> schemas;  // By table index.
  ServerGuards guards;
  StreamSet streams;
};

class Partition {
 public:
  Partition(const PartitionContext* context, uint32_t index);

  // A record, or a fragment of one. nullopt-like: `answered` is false while fragments are missing.
  struct PushOutcome {
    bool answered = true;
    bool changed = false;  // Something was applied or delivered: waiting pulls may go on.
    PartResult result;
    std::string error;  // kInvalid: what contradicts what.
  };
  // `message` holds the Push that `part` belongs to; it is kept as long as its arrays are needed.
  PushOutcome OnPush(const MessagePtr& message, const PushPart& part);

  // Of a part that will be handled soon; nothing of it need be valid.
  void Prefetch(const std::vector<TableSlice>& slices, uint32_t begin, uint32_t end) const;

  // May a pull be answered now, and how? kOk: call ReadPull. `wait` is true if not yet.
  struct PullOutcome {
    bool wait = false;
    PartResult result;
    std::string error;
  };
  PullOutcome OnPull(const Pull& pull, const PullPart& part) const;
  // The values of all slices of the part, FloatsOf(pull, part) of them. Only after OnPull answered
  // kOk, and before anything changes.
  void ReadPull(const Pull& pull, const PullPart& part, float* values) const;
  size_t FloatsOf(const Pull& pull, const PullPart& part) const;

  // A stream ended: in bsp the step in hand may be complete without it. True if anything changed.
  bool OnStreamsChanged();

  uint32_t index() const { return index_; }
  std::vector<TableShard>* shards() { return &shards_; }
  const std::vector<TableShard>& shards() const { return shards_; }
  const std::vector<std::shared_ptr<const TableSchema>>& schemas() const {
    return context_->schemas;
  }
  // Of the records whose fragments are not all there; of one stream's.
  uint64_t AssemblyBytes() const { return assembly_bytes_; }
  uint64_t AssemblyBytes(StreamId stream) const;

  // Stamps at this moment.
  SnapshotStamps Stamps() const;
  // Of what is in the rows, for a snapshot: in bsp what is only delivered is not.
  SnapshotStamps AppliedStamps() const;
  // Those of the snapshot that the rows come from; before anything else happens.
  void Restore(const SnapshotStamps& stamps);
  // May the next snapshot be an increment, as far as the tables know?
  bool NotesErased() const;
  StepIndex version() const { return version_; }  // bsp: steps applied.
  // The snapshot that is being written, if any, hears of every row before it changes.
  void set_snapshot(SnapshotWriter* writer) { snapshot_ = writer; }
  bool has_snapshot() const { return snapshot_ != nullptr; }

 private:
  struct StreamState {
    uint32_t attempt = 0;
    StepIndex last = 0;
  };
  // Fragments of the one record that a stream may have in the making.
  struct Assembly {
    StreamRef ref;
    StepIndex step = 0;
    uint32_t missing = 0;
    uint64_t bytes = 0;
    std::vector<MessagePtr> messages;    // By fragment; null: not yet here.
    std::vector<const PushPart*> parts;  // Into the messages.
  };
  // A complete record: its fragments in order.
  struct Record {
    std::vector<MessagePtr> messages;
    std::vector<const PushPart*> parts;
    uint64_t arrival = 0;  // For the mutation test of stream order.
  };

  std::string Validate(const std::vector<TableSlice>& slices, uint32_t begin, uint32_t end,
                       bool is_push) const;
  PartResult Judge(const Push& push, const PushPart& part) const;
  bool Assemble(const MessagePtr& message, const PushPart& part, Record* record);
  void DropAssembly(StreamId stream);
  void Execute(const Push& push, Record record);
  void ApplyNow(const Push& push, const Record& record);
  void SweepTables();
  bool ApplyCompleteSteps();
  void ApplyStep();
  bool EveryoneDelivered() const;
  StepIndex LastOf(StreamId stream) const;
  StepIndex MinLast() const;

  const PartitionContext* context_;
  uint32_t index_;

  // ---- The partition's state: this, the rows, and nothing else is a snapshot.
  uint64_t lsn_ = 0;
  std::map<StreamId, StreamState> streams_;
  std::vector<TableShard> shards_;        // By table index.
  StepIndex version_ = 0;                 // bsp: the last step applied.
  StepIndex restored_ = 0;                // bsp: of the checkpoint that it was loaded from.
  std::map<StreamId, Record> delivered_;  // bsp: contributions to step version_ + 1.
  Undo undo_;                             // bsp: rows as they were before step version_.
  AheadRows ahead_;                       // asp, ssp: rows with later steps than streams_ says.

  // ---- Volatile.
  std::map<StreamId, Assembly> assemblies_;
  uint64_t assembly_bytes_ = 0;
  uint64_t arrivals_ = 0;
  SnapshotWriter* snapshot_ = nullptr;
};

}  // namespace cairn
