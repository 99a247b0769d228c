// Records of every kind, for tests of what keeps them.
#pragma once

#include <vector>

#include "coordinator/job_state.h"
#include "coordinator/record_codec.h"

namespace cairn {

// A job's life to its end, in batches that follow each other.
inline std::vector<LogBatch> SampleBatches() {
  JobCreated created;
  created.job.partitions = 2;
  created.job.tables = {TableSpec{.name = "t"}};
  created.plan.schedule = {.epochs = 2, .batches_per_epoch = 8};
  created.plan.save_dir = "/model";
  created.id = 0xFEDCBA9876543210;
  created.init_files = {{"/old/part-0", 7}, {"/old/part-1", 0xFFFFFFFF}};
  const ProcessId server{1, 0xABCDEF0123456789}, worker{2, 3};
  EpochEnded epoch{{.epoch = 0, .rows = 80, .train_logloss = 0.5, .seconds = 1.5}};
  std::vector<LogBatch> batches;
  uint64_t index = 1;
  const auto decide = [&](std::vector<LogRecord> records) {
    batches.push_back({index, std::move(records)});
    index += batches.back().records.size();
  };
  decide({created, MemberJoined{server, Role::kServer, "tcp://10.0.0.1:1", "node-1", 4711}});
  decide({MemberJoined{worker, Role::kWorker, "", "node-2", 4712}});
  decide({MapChanged{{{1, server}, {1, server}}},
          StreamsOpened{0, 100, {{.last = 4}, {.first_batch = 4, .last = 4}}}});
  decide({StreamLeased{0, 1, 2}, StreamLeased{1, 1, 2}});
  decide({StreamProgressed{{0, 1}, 2, 20, 1.25, 0.5}});
  decide({StreamSuspected{1, 16}, StepBlamed{1, 2}, StepBlamed{1, 2}, StepBlamed{0, 3}});
  decide({StreamProgressed{{0, 1}, 4, 20, 1, 0}, StreamClosed{0}});
  decide(
      {StreamsOpened{kEvaluationBit,
                     100,
                     {{.kind = StreamWork::Kind::kEvaluate, .slot = 3, .epoch = 1, .last = 9}}}});
  decide({StreamClosed{kEvaluationBit}, epoch, FloorRaised{1}, LimitRaised{200}});
  decide({MemberLeft{2}});
  SnapshotDone file{1, 0, 1, "p0", 7, 8, 9, 10, 11, ""}, later{2, 0, 1, "p1", 7, 8, 9, 10, 11, ""};
  decide({CheckpointBegun{1, true}});
  decide({CheckpointCut{9}, CheckpointCommitted{{file, later}}});
  decide({RolledBack{1, {{2, server}, {2, server}}}});
  decide({CheckpointBegun{2, true}, CheckpointAbandoned{2}, CheckpointDamaged{1}});
  decide({CheckpointBegun{3, false}});
  decide({ModelKept{1, {file, file}}});
  decide({ModelKept{2, {later}}});
  decide({JobEnded{-3, "why\n", 5, 6, 7, 2.5}});
  return batches;
}

inline JobState Fold(const std::vector<LogBatch>& batches, size_t count) {
  JobState state;
  for (size_t i = 0; i < count; ++i) {
    for (const LogRecord& record : batches[i].records) state.Apply(record);
  }
  return state;
}

inline std::vector<std::byte> BytesOf(const JobState& state) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteState(state, &out);
  return bytes;
}

}  // namespace cairn
