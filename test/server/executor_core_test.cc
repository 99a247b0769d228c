#include "server/executor_core.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <vector>

#include "sharding/placement.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr ProcessId kSelf{1, 11};
constexpr ProcessId kOther{2, 22};
constexpr ProcessId kClient{3, 33};
constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};

// One of two executors of a server: it has the even partitions. Rows are one float, and add up.
class Harness {
 public:
  explicit Harness(Consistency consistency) : Harness("", 0, consistency) {}
  explicit Harness(std::string init_file = "", uint32_t init_crc = 0,
                   Consistency consistency = Consistency::kAsp) {
    welcome_.job.mode.consistency = consistency;
    TableSpec table{.name = "t"};
    table.parts[0].optimizer.name = "sum";
    welcome_.job.partitions = kPartitions;
    welcome_.job.streams = 1;
    welcome_.job.tables = {table};
    if (!init_file.empty()) welcome_.init_files = {InitFile{init_file, init_crc}};
    core = *ExecutorCore::Make(welcome_, kSelf, kCoordinator, "sim://0", {0, 2, {}, {}});
  }

  void GiveMap(uint64_t term = 1, const ProcessId& primary_of_2 = kSelf) {
    MapUpdate map;
    map.index = ++map_index_;
    map.opened = 1;
    for (uint32_t p = 0; p < kPartitions; ++p) map.partitions.push_back({term, kSelf});
    map.partitions[2].primary = primary_of_2;
    Give(map);
  }
  void Give(Body body, const ProcessId& to = kSelf) {
    actions = {};
    core->Receive(MakeMessage({kClient, to, ++request_, 0}, std::move(body)), &actions);
  }
  // To all partitions at once, nothing in it but the stamp.
  void PushStamp(StepIndex step, StepIndex prev, uint64_t term = 1, const ProcessId& to = kSelf) {
    Push push;
    push.ref = {0, 1};
    push.step = step;
    for (uint32_t p = 0; p < kPartitions; ++p) push.parts.push_back({p, term, prev, 0, 1, 0, 0});
    Give(push, to);
  }
  void PullAll(StepIndex min, uint64_t term = 1) {
    Pull pull;
    pull.ref = {0, 1};
    pull.step = 9;
    for (uint32_t p = 0; p < kPartitions; ++p) pull.parts.push_back({p, term, min, 0, 0});
    Give(pull);
  }
  // Answers in the last actions, by partition.
  template <typename Reply>
  std::map<uint32_t, PartCode> Codes() const {
    std::map<uint32_t, PartCode> codes;
    for (const Outgoing& out : actions.messages) {
      const auto* reply = BodyAs<Reply>(*out.message);
      if (reply == nullptr) continue;
      CHECK(out.message->header.to == kClient);
      CHECK(out.message->header.from == kSelf);
      for (const auto& part : reply->parts) codes[part.partition] = part.code;
    }
    return codes;
  }
  template <typename T>
  const T* Sent() const {
    for (const Outgoing& out : actions.messages) {
      if (const T* body = BodyAs<T>(*out.message); body != nullptr) return body;
    }
    return nullptr;
  }
  // Long work until it waits for the disk or is done.
  void Work() {
    actions = {};
    for (int i = 0; i < 1000 && core->wants_tick(); ++i) core->Tick(&actions);
  }

  uint64_t request() const { return request_; }

  std::unique_ptr<ExecutorCore> core;
  ExecutorActions actions;

 private:
  Welcome welcome_;
  uint64_t map_index_ = 0;
  uint64_t request_ = 0;
};

using Answers = std::map<uint32_t, PartCode>;

TEST_CASE("ExecutorCore: a pull for more than a frame holds is refused, what fits is answered") {
  Harness harness;
  harness.GiveMap();
  std::vector<uint64_t> ids(limits::kFrameBytesMax / sizeof(float));
  std::iota(ids.begin(), ids.end(), 0);  // All of them partition 0's.
  Pull pull;
  pull.kind = Pull::Kind::kReadOnly;
  pull.slices = {{0, std::span(ids).first(1'000), {}, {}}, {0, ids, {}, {}}};
  pull.parts = {{0, 1, 0, 0, 1}, {0, 1, 0, 1, 2}};
  harness.Give(pull);
  const auto* reply = harness.Sent<PullReply>();
  REQUIRE(reply != nullptr);
  REQUIRE(reply->parts.size() == 2);
  CHECK(reply->parts[0].code == PartCode::kOk);
  CHECK(reply->parts[0].values.size() == 1'000);
  CHECK(reply->parts[1].code == PartCode::kInvalid);
  CHECK(reply->parts[1].values.empty());
  CHECK_THAT(reply->error, Catch::Contains("floats in one reply"));
}

TEST_CASE("ExecutorCore: answers for its partitions, and leaves the others to its neighbour") {
  Harness harness;
  harness.GiveMap();
  harness.PushStamp(1, kStart);
  CHECK(harness.Codes<PushReply>() == Answers{{0, PartCode::kOk}, {2, PartCode::kOk}});
  CHECK(harness.core->FindPartition(1) == nullptr);
  CHECK(harness.core->FindPartition(2) != nullptr);
}

TEST_CASE("ExecutorCore: without a map, or deposed, it is nobody's primary") {
  Harness harness;
  harness.PushStamp(1, kStart);
  CHECK(harness.Codes<PushReply>() ==
        Answers{{0, PartCode::kNotPrimary}, {2, PartCode::kNotPrimary}});
  harness.GiveMap();
  harness.PushStamp(1, kStart, 2);  // The client knows a newer term.
  CHECK(harness.Codes<PushReply>()[0] == PartCode::kNotPrimary);
  harness.PullAll(0, 2);
  CHECK(harness.Codes<PullReply>()[0] == PartCode::kNotPrimary);
  harness.GiveMap(2, kOther);
  harness.PushStamp(1, kStart, 1);  // The client has not heard of it.
  CHECK(harness.Codes<PushReply>() ==
        Answers{{0, PartCode::kNotPrimary}, {2, PartCode::kNotPrimary}});
  harness.PushStamp(1, kStart, 2);
  CHECK(harness.Codes<PushReply>() == Answers{{0, PartCode::kOk}, {2, PartCode::kNotPrimary}});
}

TEST_CASE("ExecutorCore: is deaf to what is meant for a former life") {
  Harness harness;
  harness.GiveMap();
  harness.PushStamp(1, kStart, 1, {kSelf.process, kSelf.incarnation + 1});
  CHECK(harness.actions.messages.empty());
}

TEST_CASE("ExecutorCore: a pull waits for what it needs, once, and is answered then") {
  Harness harness;
  harness.GiveMap();
  harness.PullAll(1);
  CHECK(harness.actions.messages.empty());
  harness.PushStamp(1, kStart);
  CHECK(harness.Codes<PushReply>().size() == 2);
  CHECK(harness.Codes<PullReply>() == Answers{{0, PartCode::kOk}, {2, PartCode::kOk}});
  harness.PushStamp(2, 1);
  CHECK(harness.Codes<PullReply>().empty());
}

TEST_CASE("ExecutorCore: a push by name needs its pull, and is asked for the ids without it") {
  Harness harness;
  harness.GiveMap();
  const std::vector<uint64_t> ids = {5};  // Of partition 0.
  const std::vector<float> values = {0.1f};
  const auto push_by_name = [&](StepIndex step, StepIndex prev, uint64_t request) {
    Push push;
    push.ref = {0, 1};
    push.step = step;
    push.parts = {{0, 1, prev, 0, 1, 0, 1}, {2, 1, prev, 0, 1, 1, 1}};
    push.slices = {{0, {}, values, {}, {request, 0, 1}}};
    harness.Give(push);
    return harness.Codes<PushReply>();
  };
  const Answers asked = {{0, PartCode::kNeedIds}, {2, PartCode::kOk}};
  const Answers taken = {{0, PartCode::kOk}, {2, PartCode::kOk}};
  CHECK(push_by_name(1, kStart, 7) == asked);
  CHECK(harness.core->rows() == 0);
  Pull pull;
  pull.ref = {0, 1};
  pull.step = 1;
  pull.parts = {{0, 1, 0, 0, 1}};
  pull.slices = {{0, ids, {}, {}}};
  harness.Give(pull);
  const uint64_t request = harness.request();
  CHECK(push_by_name(1, kStart, request) == taken);
  CHECK(harness.core->rows() == 1);
  // The record is in, so nobody needs its ids any more.
  CHECK(push_by_name(2, 1, request) == asked);
}

TEST_CASE("ExecutorCore: a waiting pull hears that its partition went away") {
  Harness harness;
  harness.GiveMap();
  harness.PullAll(1);
  harness.GiveMap(2, kOther);
  CHECK(harness.Codes<PullReply>() ==
        Answers{{0, PartCode::kNotPrimary}, {2, PartCode::kNotPrimary}});
}

TEST_CASE("ExecutorCore: a bare digest is asked for without a directory, and needs no disk") {
  Harness harness;
  harness.GiveMap();
  harness.Give(SnapshotRequest{1, 0, 1, ""});
  harness.Work();
  CHECK(harness.actions.storage.empty());
  const SnapshotDone* done = harness.Sent<SnapshotDone>();
  REQUIRE(done != nullptr);
  CHECK(done->partition == 0);
  CHECK(done->error.empty());
  harness.Give(SnapshotRequest{1, 0, 1, ""});  // Repeated: only answered again.
  CHECK(harness.Sent<SnapshotDone>() != nullptr);
  CHECK(!harness.core->wants_tick());
}

TEST_CASE("ExecutorCore: a snapshot is a file, created once and committed last") {
  Harness harness;
  harness.GiveMap();
  harness.Give(SnapshotRequest{1, 2, 1, "/model"});
  std::vector<StorageRequest::Kind> kinds;
  uint64_t bytes = 0;
  const SnapshotDone* done = nullptr;
  std::vector<StorageRequest> requests = std::move(harness.actions.storage);
  while (done == nullptr) {
    if (requests.empty()) {
      harness.Work();
      requests = std::move(harness.actions.storage);
      REQUIRE(!requests.empty());
    }
    const StorageRequest request = std::move(requests.front());
    requests.erase(requests.begin());
    kinds.push_back(request.kind);
    bytes += request.bytes.size();
    CHECK(request.path.starts_with("/model/"));
    harness.actions = {};
    harness.core->Completed({request.ticket, request.kind, {}, {}}, &harness.actions);
    done = harness.Sent<SnapshotDone>();
  }
  CHECK(kinds.front() == StorageRequest::Kind::kCreate);
  CHECK(kinds.back() == StorageRequest::Kind::kCommit);
  CHECK(std::count(kinds.begin(), kinds.end(), StorageRequest::Kind::kCreate) == 1);
  CHECK(done->bytes == bytes);
  CHECK(bytes > 0);
}

TEST_CASE("ExecutorCore: a disk that fails is reported, not ignored") {
  Harness harness;
  harness.GiveMap();
  harness.Give(SnapshotRequest{1, 0, 1, "/model"});
  REQUIRE(!harness.actions.storage.empty());
  const StorageRequest create = harness.actions.storage[0];
  harness.actions = {};
  harness.core->Completed(
      {create.ticket, create.kind, absl::ResourceExhaustedError("disk full"), {}},
      &harness.actions);
  REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
  CHECK(harness.Sent<SnapshotDone>()->error == "disk full");
  REQUIRE(harness.actions.storage.size() == 1);  // What there is of it goes.
  CHECK(harness.actions.storage[0].kind == StorageRequest::Kind::kAbort);
}

TEST_CASE("ExecutorCore: a partition that went away takes its snapshot with it") {
  Harness harness;
  harness.GiveMap();
  harness.Give(SnapshotRequest{1, 2, 1, "/model"});
  const StorageRequest create = harness.actions.storage.at(0);
  harness.GiveMap(2, kOther);
  harness.core->Completed({create.ticket, create.kind, {}, {}}, &harness.actions);
  harness.Work();
  CHECK(harness.Sent<SnapshotDone>() == nullptr);
}

// Does what the executor wants done with files, until it wants nothing.
void CarryOut(Harness* harness, std::map<std::string, std::vector<std::byte>>* disk) {
  using Kind = StorageRequest::Kind;
  while (!harness->actions.storage.empty() || harness->core->wants_tick()) {
    std::vector<StorageRequest> requests = std::move(harness->actions.storage);
    std::vector<Outgoing> said = std::move(harness->actions.messages);
    harness->actions = {};
    for (StorageRequest& request : requests) {
      StorageResult result{request.ticket, request.kind, {}, {}};
      std::vector<std::byte>& file = (*disk)[request.path];
      if (request.kind == Kind::kAppend) {
        file.insert(file.end(), request.bytes.begin(), request.bytes.end());
      } else if (request.kind == Kind::kRead && request.offset < file.size()) {
        result.bytes.assign(file.begin() + static_cast<ptrdiff_t>(request.offset), file.end());
      }
      if (request.kind == Kind::kAbort) disk->erase(request.path);
      harness->core->Completed(result, &harness->actions);
    }
    harness->core->Tick(&harness->actions);
    said.insert(said.end(), harness->actions.messages.begin(), harness->actions.messages.end());
    harness->actions.messages = std::move(said);
  }
}

TEST_CASE("ExecutorCore: a newer snapshot takes the place of one that nobody waits for") {
  Harness harness;
  harness.GiveMap();
  harness.Give(SnapshotRequest{1, 0, 1, "/checkpoints/checkpoint-1", kCutToCome});
  std::map<std::string, std::vector<std::byte>> disk;
  CarryOut(&harness, &disk);
  REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
  CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kScanned);
  CHECK(disk.size() == 1);
  harness.Give(SnapshotRequest{2, 0, 1, "/checkpoints/checkpoint-2"});
  CarryOut(&harness, &disk);
  REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
  CHECK(harness.Sent<SnapshotDone>()->checkpoint == 2);
  CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kWritten);
  REQUIRE(disk.size() == 1);
  CHECK(disk.begin()->first.starts_with("/checkpoints/checkpoint-2/"));
  harness.Give(SnapshotRequest{1, 0, 1, "/checkpoints/checkpoint-1"});  // Was overtaken.
  CHECK(harness.actions.messages.empty());
}

TEST_CASE("ExecutorCore: a partition goes back to a checkpoint, with its stamps") {
  Harness harness;
  harness.GiveMap();
  harness.PushStamp(1, kStart);
  std::map<std::string, std::vector<std::byte>> disk;
  harness.Give(SnapshotRequest{1, 0, 1, "/checkpoints/checkpoint-1"});
  CarryOut(&harness, &disk);
  REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
  const SnapshotDone done = *harness.Sent<SnapshotDone>();
  harness.PushStamp(2, 1);
  harness.PushStamp(3, 2);
  MapUpdate map;
  map.index = 100;
  map.opened = 1;
  map.rollback_index = 100;
  map.checkpoint = 1;
  for (uint32_t p = 0; p < kPartitions; ++p) {
    map.partitions.push_back({2, p == 0 ? kSelf : kOther});
    map.restored.push_back({"/checkpoints/checkpoint-1/" + done.file, done.crc, p});
  }
  SECTION("whole") {
    harness.Give(map);
    CarryOut(&harness, &disk);
    CHECK(harness.core->FindPartition(0)->Stamps().streams == std::vector<StreamStamp>{{0, 1, 1}});
    harness.PushStamp(4, 3, 1);  // Of the past that is taken back.
    CHECK(harness.Codes<PushReply>()[0] == PartCode::kNotPrimary);
    harness.PushStamp(1, kStart, 2);
    CHECK(harness.Codes<PushReply>()[0] == PartCode::kOk);
    harness.PushStamp(3, 2, 2);
    CHECK(harness.Codes<PushReply>()[0] == PartCode::kGap);
  }
  SECTION("damaged, and says so until it is heard") {
    disk.begin()->second[40] ^= std::byte{1};
    harness.Give(map);
    CarryOut(&harness, &disk);
    REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
    CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kNotLoaded);
    CHECK(harness.Sent<SnapshotDone>()->checkpoint == 1);
    CHECK_THAT(harness.Sent<SnapshotDone>()->error, Catch::Contains(done.file));
    harness.PushStamp(1, kStart, 2);
    CHECK(harness.Codes<PushReply>()[0] == PartCode::kBehind);
    CHECK(harness.Sent<SnapshotDone>() != nullptr);
  }
}

// A bsp job of one stream: a step is applied when it is pushed.
TEST_CASE("ExecutorCore: in bsp a snapshot is of the step that it is told, or of none") {
  Harness harness(Consistency::kBsp);
  harness.GiveMap();
  harness.PushStamp(1, 0);
  std::map<std::string, std::vector<std::byte>> disk;
  const std::string directory = "/checkpoints/checkpoint-1";
  harness.Give(SnapshotRequest{1, 0, 1, directory, kCutToCome});
  CarryOut(&harness, &disk);
  REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
  CHECK(harness.Sent<SnapshotDone>()->version == 1);
  SECTION("it comes to it") {
    harness.Give(SnapshotRequest{1, 0, 1, directory, 3});
    harness.PushStamp(2, 1);
    CHECK(harness.Sent<SnapshotDone>() == nullptr);
    harness.PushStamp(3, 2);
    CarryOut(&harness, &disk);
    REQUIRE(harness.Sent<SnapshotDone>() != nullptr);
    CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kWritten);
  }
  SECTION("it is there") {
    harness.Give(SnapshotRequest{1, 0, 1, directory, 1});
    CarryOut(&harness, &disk);
    CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kWritten);
  }
  SECTION("it is past it") {
    harness.PushStamp(2, 1);
    harness.Give(SnapshotRequest{1, 0, 1, directory, 1});
    CHECK(harness.Sent<SnapshotDone>()->stage == SnapshotDone::Stage::kPassed);
    CHECK(harness.Sent<SnapshotDone>()->version == 2);
    CarryOut(&harness, &disk);
    CHECK(disk.empty());
  }
}

TEST_CASE("ExecutorCore: serves nothing while its rows are being loaded") {
  Harness harness("/old/p0.snapshot");
  harness.GiveMap();
  CHECK(harness.core->wants_tick());
  harness.PushStamp(1, kStart);
  CHECK(harness.Codes<PushReply>() == Answers{{0, PartCode::kBehind}, {2, PartCode::kBehind}});
  harness.Work();
  REQUIRE(!harness.actions.storage.empty());
  const StorageRequest read = harness.actions.storage[0];
  CHECK(read.kind == StorageRequest::Kind::kRead);
  CHECK(read.path == "/old/p0.snapshot");
  harness.actions = {};
  harness.core->Completed({read.ticket, read.kind, {}, std::vector<std::byte>(64)},
                          &harness.actions);
  REQUIRE(harness.Sent<Goodbye>() != nullptr);  // Damaged: never a silent fresh start.
  CHECK(harness.Sent<Goodbye>()->code == 4);
}

}  // namespace
}  // namespace cairn
