#include "coordinator/coordinator_core.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "kernels/target.h"

namespace cairn {
namespace {

constexpr ProcessId kSelf{kCoordinatorProcess, 5};
constexpr Micros kSecond = kMicrosPerSecond;

CoordinatorCore::Options OptionsOf(Consistency consistency) {
  CoordinatorCore::Options options;
  options.self = kSelf;
  options.job.partitions = 4;
  options.job.mode.consistency = consistency;
  options.job.streams = 2;
  options.job.tables = {TableSpec{.name = "t"}};
  options.plan.servers = 2;
  options.plan.workers = 1;
  options.plan.schedule = {.epochs = 2, .batches_per_epoch = 8};
  options.plan.schedule.fixed_streams = consistency == Consistency::kAsp ? 0 : 2;
  options.plan.lease_batches = 4;
  return options;
}

// A coordinator, and what it did in the last call.
class Harness {
 public:
  explicit Harness(CoordinatorCore::Options options) : core_(std::move(options), 0, &actions) {}

  ProcessId Join(Role role, uint64_t life, uint32_t process = kUnassignedProcess,
                 const char* kernels = kKernelTarget) {
    Receive({process, life}, Hello{role, "sim://" + std::to_string(life), kernels}, 0);
    const Welcome* welcome = SentTo<Welcome>(life);
    return {welcome == nullptr ? kUnassignedProcess : welcome->process, life};
  }
  // Two servers and a worker, whose capacity is known.
  void Form() {
    servers = {Join(Role::kServer, 101), Join(Role::kServer, 102)};
    worker = Join(Role::kWorker, 201);
    Beat(worker);
  }
  void Beat(const ProcessId& from, uint32_t capacity = 4) {
    Receive(from, Heartbeat{0, 0, capacity}, kSelf.incarnation);
  }
  void Report(const StreamRef& ref, StepIndex step, uint64_t rows = 0) {
    Receive(worker, Progress{ref, step, rows, 0}, kSelf.incarnation);
  }
  void Receive(const ProcessId& from, Body body, uint64_t to_life) {
    actions = {};
    core_.Receive(MakeMessage({from, {kCoordinatorProcess, to_life}, 0, 0}, std::move(body)), now,
                  &actions);
  }
  void Tick(Micros time) {
    now += time;
    actions = {};
    core_.Tick(now, &actions);
  }
  template <typename T>
  const T* SentTo(uint64_t life) const {
    const T* last = nullptr;
    for (const Outgoing& out : actions.messages) {
      if (out.message->header.to.incarnation != life) continue;
      if (const T* body = BodyAs<T>(*out.message); body != nullptr) last = body;
    }
    return last;
  }
  const JobState& state() const { return core_.state(); }
  CoordinatorCore& core() { return core_; }

  CoordinatorActions actions;
  std::vector<ProcessId> servers;
  ProcessId worker;
  Micros now = 0;

 private:
  CoordinatorCore core_;
};

TEST_CASE("CoordinatorCore: places partitions when all servers are there, trains with workers") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  CHECK(harness.state().partitions.empty());
  harness.Join(Role::kServer, 102);
  REQUIRE(harness.state().partitions.size() == 4);
  CHECK(harness.state().partitions[0].primary.incarnation == 101);
  CHECK(harness.state().partitions[3].primary.incarnation == 102);
  CHECK(harness.state().opened == 0);
  const ProcessId worker = harness.Join(Role::kWorker, 201);
  CHECK(harness.state().opened == 2);  // Eight batches, four a stream.
  CHECK(harness.SentTo<MapUpdate>(101) != nullptr);
  harness.Beat(worker);
  const Grants* grants = harness.SentTo<Grants>(201);
  REQUIRE(grants != nullptr);
  REQUIRE(grants->grants.size() == 2);
  CHECK(grants->grants[1].work.first_batch == 4);
}

TEST_CASE("CoordinatorCore: every decision is a record with the next index") {
  Harness harness(OptionsOf(Consistency::kBsp));
  uint64_t index = 0;
  for (const auto& [at, record] : harness.actions.log) CHECK(at == ++index);
  CHECK(index == 1);
  harness.Join(Role::kServer, 101);
  for (const auto& [at, record] : harness.actions.log) CHECK(at == ++index);
  harness.Join(Role::kServer, 102);
  for (const auto& [at, record] : harness.actions.log) CHECK(at == ++index);
  CHECK(index == harness.state().index);
}

TEST_CASE("CoordinatorCore: a hello that is repeated makes no second member") {
  Harness harness(OptionsOf(Consistency::kAsp));
  const ProcessId once = harness.Join(Role::kServer, 101);
  CHECK(harness.Join(Role::kServer, 101) == once);
  CHECK(harness.state().members.size() == 1);
}

TEST_CASE("CoordinatorCore: a silent worker's streams go to another, under a new attempt") {
  Harness harness(OptionsOf(Consistency::kBsp));
  harness.Form();
  harness.Report({0, 1}, 2, 20);
  harness.now += 6 * kSecond;
  const ProcessId other = harness.Join(Role::kWorker, 202);
  for (const ProcessId& server : harness.servers) harness.Beat(server);
  harness.Beat(other);
  CHECK(harness.state().streams.at(0).worker == harness.worker.process);
  harness.Tick(5 * kSecond);
  CHECK(!harness.state().members.contains(harness.worker.process));
  CHECK(harness.state().streams.at(0).worker == other.process);
  const Grants* grants = harness.SentTo<Grants>(202);
  if (grants == nullptr) {
    harness.Beat(other);
    grants = harness.SentTo<Grants>(202);
  }
  REQUIRE(grants != nullptr);
  REQUIRE(grants->grants.size() == 2);
  CHECK(grants->grants[0].ref == StreamRef{0, 2});
  CHECK(grants->grants[0].base == 2);
  // The dead one's report of old is nobody's.
  harness.Report({0, 1}, 3);
  CHECK(harness.state().streams.at(0).progress == 2);
}

TEST_CASE("CoordinatorCore: who was taken for dead and was not keeps its number") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.now += 11 * kSecond;
  for (const ProcessId& server : harness.servers) harness.Beat(server);
  harness.Tick(0);
  REQUIRE(!harness.state().members.contains(harness.worker.process));
  const ProcessId back =
      harness.Join(Role::kWorker, harness.worker.incarnation, harness.worker.process);
  CHECK(back == harness.worker);
  harness.Beat(back);
  CHECK(harness.SentTo<Grants>(201)->grants.size() == 2);
}

TEST_CASE("CoordinatorCore: a lost server ends the job and says what is lost") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Tick(21 * kSecond);
  CHECK(harness.state().ended);
  CHECK(harness.state().end_code == 1);
  CHECK(harness.state().end_message.find("silent") != std::string::npos);
}

TEST_CASE("CoordinatorCore, asp: epochs follow each other, with new streams and a higher floor") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Report({0, 1}, 4, 40);
  CHECK(harness.state().epochs.empty());
  harness.Report({1, 1}, 3, 30);
  harness.Report({1, 1}, 4, 40);
  CHECK(harness.state().epochs.size() == 1);
  CHECK(harness.state().epochs[0].rows == 80);
  CHECK(harness.state().floor == 2);
  CHECK(harness.state().opened == 4);
  harness.Report({2, 1}, 4, 40);
  harness.Report({3, 1}, 4, 40);
  CHECK(harness.state().ended);
  CHECK(harness.core().result().code == 0);
  CHECK(harness.core().result().rows == 160);
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
}

TEST_CASE("CoordinatorCore, bsp: the streams stay, only their limit rises") {
  Harness harness(OptionsOf(Consistency::kBsp));
  harness.Form();
  CHECK(harness.state().streams.at(0).limit == 4);
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(harness.state().opened == 2);
  CHECK(harness.state().streams.at(0).limit == 8);
  CHECK(harness.SentTo<Grants>(201)->grants[0].ref == StreamRef{0, 1});
  harness.Report({0, 1}, 8);
  CHECK(harness.state().closed == std::vector<StreamId>{0});
  harness.Report({1, 1}, 8);
  CHECK(harness.state().ended);
}

TEST_CASE("CoordinatorCore: validation data is scored between the epochs") {
  auto options = OptionsOf(Consistency::kBsp);
  options.plan.evaluation_batches = 1;
  Harness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(harness.state().epochs.empty());
  const StreamRef evaluation{kEvaluationBit, 1};
  REQUIRE(harness.state().streams.contains(evaluation.stream));
  // Scores for a training stream are not scores.
  harness.Receive(harness.worker, EvaluationResult{{0, 1}, 1, {9}, {0}}, kSelf.incarnation);
  CHECK(harness.state().epochs.empty());
  harness.Receive(harness.worker, EvaluationResult{evaluation, 1, {1, -1}, {1, 0}},
                  kSelf.incarnation);
  CHECK(harness.SentTo<EvaluationAck>(201) != nullptr);
  REQUIRE(harness.state().epochs.size() == 1);
  CHECK(harness.state().epochs[0].valid_auc == 1);
}

TEST_CASE("CoordinatorCore: digests of all partitions make the model's") {
  auto options = OptionsOf(Consistency::kAsp);
  options.plan.want_digest = true;
  options.plan.schedule.epochs = 1;
  Harness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(!harness.state().ended);
  CHECK(harness.SentTo<SnapshotRequest>(101) != nullptr);
  for (uint32_t p = 0; p < 4; ++p) {
    SnapshotDone done;
    done.checkpoint = 1;
    done.partition = p;
    done.term = 1;
    done.rows = 3;
    done.digest_low = ~uint64_t{0};
    const ProcessId& primary = harness.state().partitions[p].primary;
    const ProcessId& other = harness.servers[p < 2 ? 1 : 0];
    harness.Receive(other, done, kSelf.incarnation);  // Not its partition.
    harness.Receive(primary, done, kSelf.incarnation);
    harness.Receive(primary, done, kSelf.incarnation);
  }
  CHECK(harness.state().ended);
  CHECK(harness.core().result().features == 12);
  CHECK(harness.core().result().digest_low == ~uint64_t{0} - 3);
  CHECK(harness.core().result().digest_high == 3);  // Carried.
}

TEST_CASE("CoordinatorCore: an error of a worker ends the job with its code, for everybody") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Goodbye{3, "data.csv:7: not a number"}, kSelf.incarnation);
  CHECK(harness.core().result().code == 3);
  REQUIRE(harness.SentTo<JobEnd>(101) != nullptr);
  CHECK(harness.SentTo<JobEnd>(101)->message == "data.csv:7: not a number");
  CHECK(!harness.core().finished());
  for (const ProcessId& server : harness.servers) {
    harness.Receive(server, Goodbye{}, kSelf.incarnation);
  }
  CHECK(harness.core().finished());
}

TEST_CASE("CoordinatorCore: a cluster that is never formed ends and says what is missing") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  for (int i = 0; i < 7; ++i) {
    harness.Beat({1, 101});
    harness.Tick(10 * kSecond);
  }
  CHECK(harness.core().result().code == 5);
  CHECK(harness.core().result().message.find("1 of 2 servers") != std::string::npos);
}

TEST_CASE("CoordinatorCore, bsp: other arithmetic is refused") {
  Harness harness(OptionsOf(Consistency::kBsp));
  harness.Join(Role::kServer, 101, kUnassignedProcess, "other-9");
  CHECK(harness.state().members.empty());
  REQUIRE(harness.SentTo<JobEnd>(101) != nullptr);
  CHECK(harness.SentTo<JobEnd>(101)->code == 2);
}

TEST_CASE("CoordinatorCore: is deaf to what is meant for a former life, and to strangers") {
  Harness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Progress{{0, 1}, 2, 0, 0}, kSelf.incarnation + 1);
  CHECK(harness.state().streams.at(0).progress == 0);
  harness.Receive({harness.worker.process, 999}, Progress{{0, 1}, 2, 0, 0}, kSelf.incarnation);
  CHECK(harness.state().streams.at(0).progress == 0);
}

}  // namespace
}  // namespace cairn
