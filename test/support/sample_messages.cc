#include "support/sample_messages.h"

#include <utility>

namespace cairn {
namespace {

JobSpec SampleJob() {
  JobSpec job;
  job.name = "flights";
  job.seed = 42;
  job.partitions = 8;
  job.mode = {.consistency = Consistency::kSsp, .staleness = 3};
  job.streams = 6;
  job.wire_values = WireValues::kBf16F8;
  job.init_dir = "/models/old";
  job.program = std::string("model=fm\0dim=8", 14);  // Opaque bytes, a zero among them.

  TableSpec embedding;
  embedding.name = "fm";
  embedding.reduction = TableSpec::Reduction::kMean;
  PartSpec weight;
  weight.optimizer.name = "ftrl";
  weight.optimizer.l1 = 0.5f;
  PartSpec factors;
  factors.width = 8;
  factors.optimizer.learning_rate = 0.05f;
  factors.optimizer.l2 = 1e-4f;
  factors.initializer = {.kind = InitializerSpec::Kind::kNormal, .scale = 0.01f};
  embedding.parts = {weight, factors};

  TableSpec dense;
  dense.name = "bias";
  dense.kind = TableSpec::Kind::kDense;
  dense.dense_size = 100;
  dense.parts[0].width = 16;
  dense.parts[0].optimizer.name = "adam";
  job.tables = {embedding, dense};
  return job;
}

JobPlan SamplePlan() {
  JobPlan plan;
  plan.servers = 2;
  plan.workers = 3;
  plan.schedule = {.epochs = 5,
                   .batches_per_epoch = 1'000,
                   .batches_max = 4'500,
                   .fixed_streams = 6,
                   .warmup_share = 0.125f,
                   .decay = true};
  plan.evaluation_batches = 77;
  plan.lease_batches = 16;
  plan.stop = {.max_seconds = 3'600.5,
               .metric = StopRules::Metric::kLogLoss,
               .target = 0.44,
               .patience = 2,
               .min_delta = 1e-4,
               .relative_change = 1e-3};
  plan.end_with_clients = true;
  plan.want_digest = true;
  plan.save_dir = "/models/new";
  plan.checkpoints = {"/checkpoints", 60.5, 3, 8, true};
  return plan;
}

Hello SampleHello(Role role) {
  return {role, "tcp://10.0.0.1:4100", "avx2", "node-7", 4'711, 0x0123456789ABCDEF, "flights"};
}

JobStatus SampleStatus() {
  JobStatus status;
  status.job = "flights";
  status.job_id = 0x0123456789ABCDEF;
  status.phase = JobPhase::kFarewell;
  status.waiting_for = "partition 3 of server 2";
  status.mode = {.consistency = Consistency::kSsp, .staleness = 3};
  status.epoch = 4;
  status.epochs = 5;
  status.batches_done = 12;
  status.batches = 1'000;
  status.rows = 12'345;
  status.loss_sum = 8'556.5;
  status.epochs_done = 4;
  status.epochs_listed = {{2, 100, 0.5, 0.51, 0.75, 1.5, 0.625, 0.69, 0.5, 1.01},
                          {3, 101, 0.49, 0.5, 0.76, 3.25, 0.6875, 0.69, 0.5, 1.02}};
  status.member_count = 1'700;
  status.members = {{1, Role::kServer, "tcp://10.0.0.1:4100", "node-7", 4'711, 20, 0, {1, 2, 3, 4}},
                    {5, Role::kWorker, "", "node-8", 4'712, 480, 3, {1u << 30, 91'000, 77, 78}}};
  status.workers_lost = 2;
  status.checkpoint = 12;
  status.rollbacks = 1;
  status.alarm = "checkpoint 13 was given up: the disk is full";
  status.bytes_sent = uint64_t{1} << 40;
  status.bytes_received = (uint64_t{1} << 40) + 1;
  status.frames_refused = 77;
  status.code = 6;
  status.message = "diverged at step 12";
  status.rows_trained = 1'234'567;
  status.features = 89;
  status.digest_high = 0x8000000000000001;
  status.digest_low = 42;
  status.train_seconds = 59.5;
  return status;
}

MapUpdate SampleMap() {
  MapUpdate map;
  map.index = 17;
  map.rollback_index = 5;
  map.floor = 3;
  map.opened = 9;
  map.closed = {4, 6};
  map.partitions = {{2, {1, 0x1111}}, {3, {2, 0x2222}}, {4, {1, 0x1111}}};
  map.servers = {{{1, 0x1111}, "tcp://10.0.0.1:4100"}, {{2, 0x2222}, "ipc:///run/cairn/s2"}};
  map.restored = {{"/checkpoints/checkpoint-8/p0.snapshot", 0x0BADCAFE}};
  map.checkpoint = 8;
  return map;
}

Grants SampleGrants() {
  Grants grants;
  grants.index = 21;
  grants.rollback_index = 5;
  Grant train;
  train.ref = {7, 2};
  train.base = 100;
  train.limit = 164;
  train.work = {
      .kind = StreamWork::Kind::kTrain, .slot = 1, .epoch = 2, .first_batch = 640, .last = 300};
  Grant evaluate;
  evaluate.ref = {8, 1};
  evaluate.work = {
      .kind = StreamWork::Kind::kEvaluate, .slot = 0, .epoch = 1, .first_batch = 10, .last = 20};
  grants.grants = {train, evaluate};
  grants.notes = {{StepNote::Kind::kAlone, 7, 116}, {StepNote::Kind::kSkipped, 7, 103}};
  return grants;
}

// The arrays of SamplePush, SamplePull and SamplePullReply.
struct SampleArrays {
  std::vector<uint64_t> sparse_ids = {0, ~uint64_t{0}, 0x0123456789ABCDEF};
  std::vector<float> sparse_values = {1.5f, -2.25f, 0.f, 4.f, 5.f, -0.f};  // 2 a row.
  std::vector<uint32_t> sparse_counts = {1, 2, 70'000};
  std::vector<uint64_t> dense_ids = {6};
  std::vector<float> dense_values = {0.125f, 0.25f, 0.5f};
  std::vector<float> named_values = {0.1f, 0.f, 3.f, 1e-30f};
  // As ids mostly are: they ascend within a partition, here the second of four.
  std::vector<uint64_t> hashed_ids = {0x40B2EDB45D7ED7EF, 0x47E35C65A4B7B5A5, 0x55E5AAEB7B2D9D64,
                                      0x66A9BD0E9C55D1E2, 0x7109A6C21EFD4B3D, 0x7F5A1D7C3C1D0A11};
};

Push SamplePush() {
  auto arrays = std::make_shared<SampleArrays>();
  Push push;
  push.ref = {7, 2};
  push.step = 101;
  push.epoch = 1;
  push.rate_factor = 0.75f;
  push.rows = 1'000;
  push.parts = {{.partition = 0, .term = 2, .prev = kStart, .slice_begin = 0, .slice_end = 2},
                {.partition = 2,
                 .term = 4,
                 .prev = 100,
                 .fragment = 1,
                 .fragment_count = 3,
                 .slice_begin = 2,
                 .slice_end = 4}};
  push.slices = {{0, arrays->sparse_ids, arrays->sparse_values, arrays->sparse_counts},
                 {1, {}, {}, {}},
                 {1, arrays->dense_ids, arrays->dense_values, {}},
                 {0, {}, arrays->named_values, {}, {.request = 300, .begin = 5, .count = 2}}};
  push.storage = std::move(arrays);
  return push;
}

Pull SamplePull() {
  auto arrays = std::make_shared<SampleArrays>();
  Pull pull;
  pull.kind = Pull::Kind::kReadOnly;
  pull.ref = {7, 2};
  pull.step = 102;
  pull.parts = {{.partition = 0, .term = 2, .min = 99, .slice_begin = 0, .slice_end = 1},
                {.partition = 2, .term = 4, .min = 100, .slice_begin = 1, .slice_end = 3}};
  pull.slices = {{0, arrays->sparse_ids, {}, {}},
                 {1, arrays->dense_ids, {}, {}},
                 {0, arrays->hashed_ids, {}, {}}};
  pull.storage = std::move(arrays);
  return pull;
}

PullReply SamplePullReply() {
  auto arrays = std::make_shared<SampleArrays>();
  PullReply reply;
  reply.ref = {7, 2};
  reply.step = 102;
  reply.parts = {{0, PartCode::kOk, arrays->sparse_values},
                 {1, PartCode::kNotPrimary, {}},
                 {2, PartCode::kOk, arrays->dense_values}};
  reply.error = "partition 1 has moved";
  reply.storage = std::move(arrays);
  return reply;
}

}  // namespace

std::vector<SampleMessage> SampleMessages() {
  const ProcessId worker{5, 0xABCDEF0123456789};
  const ProcessId server{1, 0x1111};
  const ProcessId coordinator{kCoordinatorProcess, 0xC0};
  const ProcessId newcomer{kUnassignedProcess, 0xABCDEF0123456789};
  const Header to_coordinator{worker, coordinator, 3, 17};
  const Header from_coordinator{coordinator, worker, 3, 18};
  const Header to_server{worker, server, 0xFFFFFFFF00000001, 17};
  const Header from_server{server, worker, 0xFFFFFFFF00000001, 16};
  return {
      {"hello", {{newcomer, {}, 1, 0}, SampleHello(Role::kServer)}},
      {"welcome",
       {from_coordinator, Welcome{5,
                                  SampleJob(),
                                  250,
                                  {{"part-0.snap", 7}, {"", 0}, {"part-2.snap", 0xFFFFFFFF}},
                                  0x0123456789ABCDEF}}},
      {"heartbeat", {to_coordinator, Heartbeat{17, 21, 2, {1u << 20, 900, 11, 12}, true}}},
      {"map_update", {from_coordinator, SampleMap()}},
      {"grants", {from_coordinator, SampleGrants()}},
      {"progress", {to_coordinator, Progress{{7, 2}, 101, 51'234, 0.6931, -0.25}}},
      {"evaluation_result",
       {to_coordinator,
        EvaluationResult{{8, 1}, 4, {0.5f, -1.5f, 2.f}, {1.f, 0.f, 1.f}, {1.f, 0.25f, 3.f}}}},
      {"evaluation_ack", {from_coordinator, EvaluationAck{{8, 1}, 4}}},
      {"step_alone", {to_coordinator, StepAlone{{7, 2}, 101}}},
      {"step_alone_ack", {from_coordinator, StepAloneAck{{7, 2}, 101}}},
      {"snapshot_request", {from_coordinator, SnapshotRequest{2, 3, 4, "/checkpoints/2"}}},
      {"snapshot_done",
       {to_coordinator, SnapshotDone{2, 3, 4, "p3-t4.snap", 123'456, 0xDEADBEEF, 789,
                                     0x8000000000000001, 42, "disk full\xFF"}}},
      {"job_end", {from_coordinator, JobEnd{6, "diverged at step 12"}}},
      {"goodbye",
       {to_coordinator, Goodbye{-3, "train.txt:7:3: not a number", {2u << 20, 901, 13, 14}}}},
      {"submit",
       {{newcomer, {}, 1, 0}, Submit{SampleHello(Role::kSubmitter), {SampleJob(), SamplePlan()}}}},
      {"wait", {{coordinator, newcomer, 1, 0}, Wait{"no job was submitted yet"}}},
      {"stop_job", {to_coordinator, StopJob{130, "interrupted"}}},
      {"member_dead", {to_coordinator, MemberDead{"node-7", 4'711, "killed by signal 9"}}},
      {"status_request", {{newcomer, {}, 2, 0}, StatusRequest{2}}},
      {"status_reply", {{coordinator, newcomer, 2, 18}, StatusReply{SampleStatus()}}},
      {"version_notice", {{}, VersionNotice{7, 3}}},
      {"push", {to_server, SamplePush()}},
      {"push_reply",
       {from_server, PushReply{{7, 2},
                               101,
                               {{0, PartCode::kGap, 99}, {2, PartCode::kNeedIds, 0}},
                               "steps are missing"}}},
      {"pull", {to_server, SamplePull()}},
      {"pull_reply", {from_server, SamplePullReply()}},
  };
}

}  // namespace cairn
