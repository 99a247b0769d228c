// The server's shell, against a coordinator that the test plays itself.
#include "cairn/server.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/memory_file_system.h"
#include "base/mutex.h"
#include "base/status.h"
#include "server/server_shell.h"
#include "sharding/placement.h"
#include "support/peer.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};
constexpr ProcessId kWorker{9, 99};

// A server that was welcomed to a job with one "sum" table and knows that all partitions are its.
class Harness {
 public:
  explicit Harness(uint32_t executors, const std::string& optimizer = "sum",
                   RowOptimizers optimizers = {})
      : peer_(&network_) {
    Server::Options options;
    options.optimizers = std::move(optimizers);
    options.coordinator = peer_.address();
    options.executors = executors;
    server = StartServer(options, test::MakerOn(&network_), &files).value();
    const MessagePtr hello = peer_.Take<Hello>();
    CHECK(BodyAs<Hello>(*hello)->role == Role::kServer);
    CHECK(BodyAs<Hello>(*hello)->address == server->address());
    const uint64_t life = hello->header.from.incarnation;
    self = {3, life};
    Welcome welcome;
    welcome.process = 3;
    welcome.job.partitions = kPartitions;
    welcome.job.tables = {TableSpec{.name = "t"}};
    welcome.job.tables[0].parts[0].optimizer.name = optimizer;
    peer_.Send(server->address(), kCoordinator, {kUnassignedProcess, life}, welcome);
  }
  void SendMap(uint64_t term = 1) {
    peer_.Take<Heartbeat>();  // Sent once the executors run: before, what comes is dropped.
    MapUpdate map;
    map.index = term;
    map.opened = 1;
    map.partitions.assign(kPartitions, {term, self});
    FromCoordinator(map);
  }
  void FromCoordinator(Body body) {
    peer_.Send(server->address(), kCoordinator, self, std::move(body));
  }
  void FromWorker(Body body, size_t bytes = 0) {
    peer_.Send(server->address(), {{kWorker, self, 7, 0}, std::move(body), bytes});
  }
  // The coordinator, and the worker: in one endpoint.
  test::Peer& peer() { return peer_; }

  static constexpr uint32_t kPartitions = 4;
  MemoryFileSystem files;
  ProcessId self;
  std::unique_ptr<Server> server;

 private:
  InProcessNetwork network_;
  test::Peer peer_;
};

// The first step of stream 0: one value for each id. `values` must outlive the push.
Push PushOf(const std::shared_ptr<std::vector<uint64_t>>& ids, const std::vector<float>& values) {
  Push push;
  push.ref = {0, 1};
  push.step = 1;
  push.rows = 1;
  push.storage = ids;
  for (uint32_t i = 0; i < ids->size(); ++i) {
    push.slices.push_back({0, {ids->data() + i, 1}, {values.data() + i, 1}, {}});
    const uint32_t p = PartitionOfSparseId((*ids)[i], Harness::kPartitions);
    push.parts.push_back({p, 1, kStart, 0, 1, i, i + 1});
  }
  return push;
}

// Applies nothing before it is released, and says when it is at it.
class SlowOptimizer final : public RowOptimizer {
 public:
  uint32_t StateFloats(uint32_t) const override { return 0; }
  void InitState(std::span<float>) const override {}
  void Apply(const RowUpdate&) const override {
    MutexLock lock(mutex);
    is_at_it = true;
    changed.NotifyAll();
    while (!released) changed.Wait(mutex);
  }
  static absl::StatusOr<std::unique_ptr<RowOptimizer>> Make(const OptimizerSpec&) {
    return std::make_unique<SlowOptimizer>();
  }

  static inline Mutex mutex;
  static inline CondVar changed;
  static inline bool is_at_it = false, released = false;
};

TEST_CASE("Server: an executor with too many bytes to handle has them come again") {
  Harness harness(2, "slow", {{"slow", &SlowOptimizer::Make}});
  harness.SendMap();
  const auto ids = std::make_shared<std::vector<uint64_t>>(1, 1);
  const std::vector<float> values = {1};
  const Push push = PushOf(ids, values);
  const auto code_of_next = [&] {
    return BodyAs<PushReply>(*harness.peer().Take<PushReply>())->parts.at(0).code;
  };
  {
    MutexLock lock(SlowOptimizer::mutex);
    while (!SlowOptimizer::is_at_it) {  // Until the map is there, the answer is "not primary".
      harness.FromWorker(push);
      SlowOptimizer::changed.WaitUntil(
          SlowOptimizer::mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
    }
  }
  while (harness.peer().Has<PushReply>()) code_of_next();
  harness.FromWorker(push, limits::kMailboxBytesMax);
  harness.FromWorker(push, 100);
  CHECK(code_of_next() == PartCode::kBehind);  // Not waiting for the executor.
  harness.SendMap(2);
  {
    MutexLock lock(SlowOptimizer::mutex);
    SlowOptimizer::released = true;
    SlowOptimizer::changed.NotifyAll();
  }
  // What had found room is handled, and the map, which always does.
  PartCode code = PartCode::kOk;
  while (code != PartCode::kNotPrimary) {
    while (harness.peer().Has<PushReply>()) code = code_of_next();
    harness.FromWorker(push);
    code = code_of_next();
  }
}

TEST_CASE("Server: requests that come as it goes do no harm") {
  Harness harness(GENERATE(1, 2));
  harness.SendMap();
  const auto ids = std::make_shared<std::vector<uint64_t>>(1, 1);
  const std::vector<float> values = {1};
  const Push push = PushOf(ids, values);
  const std::string address = harness.server->address();
  std::atomic<bool> over = false;
  std::thread sender([&] {
    while (!over) harness.peer().Send(address, {{kWorker, harness.self, 7, 0}, push});
  });
  harness.peer().Take<PushReply>();
  harness.server.reset();
  over = true;
  sender.join();
}

TEST_CASE("Server: every executor applies its part of a push, and answers for it") {
  Harness harness(GENERATE(1, 3));
  harness.SendMap();
  // One id in each partition.
  auto ids = std::make_shared<std::vector<uint64_t>>();
  for (uint64_t p = 0; p < 4; ++p) ids->push_back((p << 62) + 1);
  const std::vector<float> values = {10, 11, 12, 13};
  const Push push = PushOf(ids, values);
  // The map travels from loop to loop: until it is there, the answer is "not primary".
  size_t applied = 0;
  while (applied < 4) {
    applied = 0;
    harness.FromWorker(push);
    for (size_t parts = 0; parts < 4;) {
      const MessagePtr reply = harness.peer().Take<PushReply>();
      CHECK(reply->header.request == 7);
      for (const PartResult& result : BodyAs<PushReply>(*reply)->parts) {
        ++parts;
        if (result.code == PartCode::kOk) ++applied;
      }
    }
  }
  Pull pull;
  pull.kind = Pull::Kind::kReadOnly;
  pull.storage = ids;
  for (uint32_t p = 0; p < 4; ++p) {
    pull.slices.push_back({0, {ids->data() + p, 1}, {}, {}});
    pull.parts.push_back({p, 1, 0, p, p + 1});
  }
  harness.FromWorker(pull);
  for (size_t parts = 0; parts < 4;) {
    const MessagePtr reply = harness.peer().Take<PullReply>();
    for (const PullResult& result : BodyAs<PullReply>(*reply)->parts) {
      ++parts;
      REQUIRE(result.values.size() == 1);
      CHECK(result.values[0] == values[result.partition]);  // Once, however often it was sent.
    }
  }
}

TEST_CASE("Server: snapshots are files, whole once the coordinator hears of them") {
  Harness harness(2);
  harness.SendMap();
  // A push that is applied shows that the map has reached the executor.
  auto ids = std::make_shared<std::vector<uint64_t>>(1, (uint64_t{2} << 62) + 1);
  const std::vector<float> values = {5};
  const Push push = PushOf(ids, values);
  PartCode code = PartCode::kNotPrimary;
  while (code != PartCode::kOk) {
    harness.FromWorker(push);
    code = BodyAs<PushReply>(*harness.peer().Take<PushReply>())->parts[0].code;
  }
  harness.FromCoordinator(SnapshotRequest{1, 2, 1, "/model"});
  const MessagePtr done = harness.peer().Take<SnapshotDone>();
  const SnapshotDone& snapshot = *BodyAs<SnapshotDone>(*done);
  CHECK(snapshot.error.empty());
  CHECK(snapshot.partition == 2);
  CHECK(snapshot.rows == 1);
  harness.files.Crash();
  CHECK(harness.files.Size("/model/" + snapshot.file).value() == snapshot.bytes);
}

TEST_CASE("Server: ends as the job ends, with its words") {
  Harness harness(1);
  harness.peer().Take<Heartbeat>();
  SECTION("well") {
    harness.FromCoordinator(JobEnd{0, "all epochs are done"});
    CHECK(harness.server->Wait() == absl::OkStatus());
  }
  SECTION("badly") {
    harness.FromCoordinator(JobEnd{3, "data.txt:7: not a number"});
    const absl::Status status = harness.server->Wait();
    CHECK(status.code() == absl::StatusCode::kAborted);
    CHECK(MessageOf(status) == "data.txt:7: not a number");
  }
  const MessagePtr bye = harness.peer().Take<Goodbye>();
  CHECK(BodyAs<Goodbye>(*bye)->code == 0);
}

TEST_CASE("Server: tells its coordinator when it is told to leave, and then has ended") {
  Harness harness(1);
  harness.peer().Take<Heartbeat>();
  CHECK(harness.server->Health() == absl::OkStatus());
  CHECK_FALSE(harness.server->WaitFor(absl::ZeroDuration()));
  harness.server->Leave();
  CHECK(harness.server->Wait().code() == absl::StatusCode::kCancelled);
  CHECK(harness.server->WaitFor(absl::ZeroDuration()));
  CHECK(BodyAs<Goodbye>(*harness.peer().Take<Goodbye>())->code == 0);
}

TEST_CASE("Server: a job whose optimizer is not linked is left with a sentence") {
  Harness harness(2, "mine");
  // The first one was lost, say.
  harness.peer().Take<Goodbye>();
  const MessagePtr bye = harness.peer().Take<Goodbye>();
  CHECK(BodyAs<Goodbye>(*bye)->code == 2);
  CHECK(BodyAs<Goodbye>(*bye)->message.find("mine") != std::string::npos);
  harness.FromCoordinator(JobEnd{2, BodyAs<Goodbye>(*bye)->message});
  CHECK(harness.server->Wait().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("Server: what comes before it can serve is answered at once") {
  InProcessNetwork network;
  test::Peer peer(&network);
  MemoryFileSystem files;
  Server::Options options;
  options.coordinator = peer.address();
  const auto server = StartServer(options, test::MakerOn(&network), &files).value();
  // The coordinator has let it in and has told a worker, but its welcome is still under way.
  const ProcessId self{3, peer.Take<Hello>()->header.from.incarnation};
  const auto ids = std::make_shared<std::vector<uint64_t>>(1, 1);
  const std::vector<float> values = {5};
  peer.Send(server->address(), kWorker, self, PushOf(ids, values), 7);
  const MessagePtr reply = peer.Take<PushReply>();
  CHECK(reply->header.from == self);
  CHECK(reply->header.request == 7);
  REQUIRE(BodyAs<PushReply>(*reply)->parts.size() == 1);
  CHECK(BodyAs<PushReply>(*reply)->parts[0].code == PartCode::kBehind);
}

TEST_CASE("Server: a coordinator's address that is none is refused at once") {
  Server::Options options;
  options.coordinator = "127.0.0.1:4100";
  const absl::Status status = Server::Start(options).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("coordinator: ") && Catch::Contains("127.0.0.1:4100"));
}

TEST_CASE("Server: refuses to listen for everybody unless told to, and needs an executor") {
  Server::Options options;
  options.coordinator = "tcp://127.0.0.1:1";
  options.listen = "tcp://0.0.0.0:0";
  CHECK(Server::Start(options).status().code() == absl::StatusCode::kFailedPrecondition);
  options.listen = "tcp://127.0.0.1:0";
  options.executors = 0;
  CHECK(Server::Start(options).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("Server: nobody at the coordinator's address ends it with that address") {
  Server::Options options;
  options.coordinator = "inproc://nobody";
  options.join_timeout = absl::ZeroDuration();
  InProcessNetwork network;
  MemoryFileSystem files;
  const auto server = StartServer(options, test::MakerOn(&network), &files).value();
  const absl::Status status = server->Wait();
  CHECK(server->Health().code() == absl::StatusCode::kUnavailable);
  CHECK(status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(MessageOf(status).find("inproc://nobody") != std::string_view::npos);
}

}  // namespace
}  // namespace cairn
