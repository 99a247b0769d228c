// The client's API from end to end: every case that says "everywhere" runs in one process and over
// tcp on loopback. Waiting is for events only; the one deadline that has to pass is short.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/done_signal.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/cluster.h"
#include "cluster/test_cluster.h"

namespace cairn {
namespace {

using Floats = std::vector<float>;
using Keys = std::vector<Key>;

constexpr Key kLastKey = std::numeric_limits<Key>::max();

Network Everywhere() { return GENERATE(Network::kInProcess, Network::kTcp); }

std::unique_ptr<TestCluster> StartJob(Network network, JobSpec job, uint32_t servers = 2,
                                      const std::string& save_dir = {}) {
  LocalCluster::Options options;
  options.job = std::move(job);
  options.servers = servers;
  options.executors = 2;
  options.save_dir = save_dir;
  return TestCluster::Start(network, options);
}

Table TableOf(const Client& client, const std::string& name = "t") {
  return client.FindTable(name).value();
}

void PushTo(Client* client, const Keys& keys, const Floats& gradients) {
  REQUIRE(client->Push(TableOf(*client), keys, gradients).Wait() == absl::OkStatus());
}

Floats PullFrom(Client* client, const Keys& keys) {
  const Table table = TableOf(*client);
  Floats rows(keys.size() * table.width, -1);
  REQUIRE(client->Pull(table, keys, rows).Wait() == absl::OkStatus());
  return rows;
}

Floats ReadFrom(Client* client, const Keys& keys) {
  const Table table = TableOf(*client);
  Floats rows(keys.size() * table.width, -1);
  REQUIRE(client->Read(table, keys, rows).Wait() == absl::OkStatus());
  return rows;
}

JobSpec SynchronousJob(ConsistencyMode mode, uint32_t streams) {
  JobSpec job = OneTableJob("sum");
  job.mode = mode;
  job.streams = streams;
  return job;
}

bool Says(const absl::Status& status, const std::string& text) {
  return MessageOf(status).find(text) != std::string_view::npos;
}

// Twice the gradient, to be told from every built-in optimizer.
class Doubler final : public RowOptimizer {
 public:
  uint32_t StateFloats(uint32_t) const override { return 0; }
  void InitState(std::span<float>) const override {}
  void Apply(const RowUpdate& update) const override {
    for (size_t i = 0; i < update.weights.size(); ++i) update.weights[i] += 2 * update.gradient[i];
  }
};

TEST_CASE("Keys need no order, may repeat and may be any, everywhere", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum", 2));
  const auto client = cluster->Join();
  PushTo(client.get(), {kLastKey, 5, 0, 5}, {1, 2, 10, 20, 3, 4, 30, 40});
  CHECK(PullFrom(client.get(), {5, 0, 99, kLastKey, 5}) ==
        Floats{40, 60, 3, 4, 0, 0, 1, 2, 40, 60});
  CHECK(PullFrom(client.get(), {}).empty());
}

TEST_CASE("Many keys reach every partition and come back in order", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"), 3);
  const auto client = cluster->Join();
  Keys keys;
  Floats values;
  for (uint32_t i = 0; i < 20'000; ++i) {
    keys.push_back(uint64_t{i} * 7'919);
    values.push_back(static_cast<float>(i));
  }
  PushTo(client.get(), keys, values);
  CHECK(PullFrom(client.get(), keys) == values);
}

TEST_CASE("assign keeps the last push, adagrad scales by what came", "[local_cluster]") {
  const Network network = Everywhere();
  SECTION("assign") {
    const auto cluster = StartJob(network, OneTableJob("assign"));
    const auto client = cluster->Join();
    PushTo(client.get(), {1, 2}, {5, 6});
    PushTo(client.get(), {2}, {7});
    CHECK(ReadFrom(client.get(), {1, 2}) == Floats{5, 7});
  }
  SECTION("adagrad") {
    JobSpec job = OneTableJob("adagrad");
    job.tables[0].parts[0].optimizer.learning_rate = 0.5f;
    const auto cluster = StartJob(network, job);
    const auto client = cluster->Join();
    PushTo(client.get(), {1}, {std::sqrt(3.0f)});  // The sum of squares begins at 1.
    CHECK(ReadFrom(client.get(), {1})[0] == Approx(-0.5 * std::sqrt(3.0) / 2));
  }
}

TEST_CASE("Blocks of a dense table exist from the start", "[local_cluster]") {
  JobSpec job = OneTableJob("sum", 4);
  job.tables[0].kind = TableSpec::Kind::kDense;
  job.tables[0].dense_size = 10;  // 3 blocks.
  job.tables[0].parts[0].initializer = {InitializerSpec::Kind::kConstant, 0.5f};
  const auto cluster = StartJob(Everywhere(), job);
  const auto client = cluster->Join();
  PushTo(client.get(), {2, 0}, {1, 1, 1, 1, 2, 2, 2, 2});
  CHECK(ReadFrom(client.get(), {0, 1, 2}) ==
        Floats{2.5, 2.5, 2.5, 2.5, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5});
  Floats row(4);
  const absl::Status beyond = client->Pull(TableOf(*client), Keys{3}, row).Wait();
  CHECK(beyond.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Says(beyond, "3 blocks"));
}

TEST_CASE("A new key pulls its initial weights, and reads 0", "[local_cluster]") {
  JobSpec job = OneTableJob("sum");
  job.tables[0].parts[0].initializer = {InitializerSpec::Kind::kConstant, 0.25f};
  const auto cluster = StartJob(Everywhere(), job);
  const auto client = cluster->Join();
  CHECK(PullFrom(client.get(), {1}) == Floats{0.25f});
  CHECK(ReadFrom(client.get(), {1}) == Floats{0});
  PushTo(client.get(), {1}, {1});
  CHECK(ReadFrom(client.get(), {1}) == Floats{1.25f});
}

TEST_CASE("PushPull sees its own push, every time", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"));
  const auto client = cluster->Join();
  const Table table = TableOf(*client);
  const Keys keys = {3, 1, 3, 8};
  for (int round = 1; round <= 200; ++round) {
    Floats rows(keys.size(), -1);
    REQUIRE(client->PushPull(table, keys, Floats{1, 1, 1, 1}, keys, rows).Wait() ==
            absl::OkStatus());
    const auto once = static_cast<float>(round);
    REQUIRE(rows == Floats{2 * once, once, 2 * once, once});
  }
}

TEST_CASE("A PushPull that is refused pushes nothing", "[local_cluster]") {
  const auto cluster = StartJob(Network::kInProcess, OneTableJob("sum"));
  const auto client = cluster->Join();
  Floats too_small;
  const absl::Status refused =
      client->PushPull(TableOf(*client), Keys{1}, Floats{1}, Keys{1}, too_small).Wait();
  CHECK(refused.code() == absl::StatusCode::kInvalidArgument);
  CHECK(ReadFrom(client.get(), {1}) == Floats{0});
}

TEST_CASE("Several threads may push through one client", "[local_cluster]") {
  constexpr int kThreads = 4, kPushes = 50;
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"));
  const auto client = cluster->Join();
  const Table table = TableOf(*client);
  std::vector<absl::Status> failed(kThreads);
  std::vector<std::jthread> threads;
  for (absl::Status& status : failed) {
    threads.emplace_back([&client, &table, &status] {
      for (int i = 0; i < kPushes && status.ok(); ++i) {
        status = client->Push(table, Keys{1, 2}, Floats{1, 1}).Wait();
      }
    });
  }
  threads.clear();
  for (const absl::Status& status : failed) CHECK(status == absl::OkStatus());
  CHECK(ReadFrom(client.get(), {1, 2}) == Floats{kThreads * kPushes, kThreads * kPushes});
}

TEST_CASE("A step pushes to two tables as a whole", "[local_cluster]") {
  JobSpec job = OneTableJob("sum");
  job.tables.push_back(job.tables[0]);
  job.tables[1].name = "u";
  job.tables[1].parts[0].width = 2;
  const auto cluster = StartJob(Everywhere(), job);
  const auto client = cluster->Join();
  const Table t = TableOf(*client), u = TableOf(*client, "u");
  { const Step dropped = client->NextStep(); }  // Its number is used again.
  Step step = client->NextStep();
  CHECK(step.number() == 1);
  step.Push(t, Keys{1}, Floats{3});
  step.Push(u, Keys{1, 2}, Floats{4, 5, 6, 7});
  REQUIRE(step.Commit({}).Wait() == absl::OkStatus());
  Floats of_t(1), of_u(4);
  Step next = client->NextStep();
  CHECK(next.number() == 2);
  REQUIRE(next.Pull(t, Keys{1}, of_t).Wait() == absl::OkStatus());
  REQUIRE(next.Pull(u, Keys{2, 1}, of_u).Wait() == absl::OkStatus());
  CHECK(of_t == Floats{3});
  CHECK(of_u == Floats{6, 7, 4, 5});
  next.Push(t, Keys{1}, Floats{1});
  next.Push(t, Keys{2}, Floats{1});
  const absl::Status twice = next.Commit({}).Wait();
  CHECK(twice.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Says(twice, "at most once"));
  CHECK(ReadFrom(client.get(), {1}) == Floats{3});
}

TEST_CASE("Mistakes of the caller have names", "[local_cluster]") {
  const auto cluster = StartJob(Network::kInProcess, OneTableJob("sum", 2));
  const auto client = cluster->Join();
  const absl::Status unknown = client->FindTable("weights").status();
  CHECK(unknown.code() == absl::StatusCode::kNotFound);
  CHECK(Says(unknown, "weights"));
  CHECK(Says(unknown, "it has: t"));
  Floats rows(3);
  const absl::Status size = client->Pull(TableOf(*client), Keys{1, 2}, rows).Wait();
  CHECK(size.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Says(size, "3 floats for 2 rows of 2"));
  CHECK(client->Push({7, 1}, Keys{1}, Floats{1}).Wait().code() ==
        absl::StatusCode::kInvalidArgument);
  const auto reader = cluster->Join({.coordinator = {}, .read_only = true});
  CHECK(ReadFrom(reader.get(), {1}) == Floats{0, 0});
  CHECK(reader->Push(TableOf(*reader), Keys{1}, Floats{1, 1}).Wait().code() ==
        absl::StatusCode::kFailedPrecondition);
  Floats row(2);
  CHECK(reader->Pull(TableOf(*reader), Keys{1}, row).Wait().code() ==
        absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("A gradient that is not finite changes nothing and breaks nothing", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"));
  const auto client = cluster->Join();
  PushTo(client.get(), {1, 2}, {1, 1});
  PushTo(client.get(), {1, 2}, {std::nanf(""), 1});
  PushTo(client.get(), {1, 2}, {1, INFINITY});
  PushTo(client.get(), {1, 2}, {10, 10});
  CHECK(PullFrom(client.get(), {1, 2}) == Floats{11, 11});
}

TEST_CASE("bsp: a pull waits for the other client's push", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), SynchronousJob({Consistency::kBsp, 0}, 2));
  const auto a = cluster->Join();
  const auto b = cluster->Join();
  const Table table = TableOf(*a);
  CHECK(PullFrom(a.get(), {1}) == Floats{0});
  for (int step = 1; step <= 20; ++step) {
    PushTo(a.get(), {1}, {1});
    Floats seen(1);
    Pending pull = a->Pull(table, Keys{1}, seen);  // Under way before b has pushed.
    CHECK(ReadFrom(b.get(), {1}) == Floats{static_cast<float>(11 * (step - 1))});
    PushTo(b.get(), {1}, {10});
    REQUIRE(pull.Wait() == absl::OkStatus());
    REQUIRE(seen == Floats{static_cast<float>(11 * step)});
  }
  CHECK(a->PushPull(table, {}, {}, {}, {}).Wait().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("bsp: a client beyond the job's streams is told so", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), SynchronousJob({Consistency::kBsp, 0}, 1));
  const auto client = cluster->Join();
  const absl::Status refused = cluster->TryJoin({}).status();
  CHECK(refused.code() == absl::StatusCode::kAborted);
  CHECK(Says(refused, "streams"));
  PushTo(client.get(), {1}, {1});
}

TEST_CASE("ssp: a pull lags by no more than the staleness", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), SynchronousJob({Consistency::kSsp, 1}, 2));
  const auto a = cluster->Join();
  const auto b = cluster->Join();
  PushTo(a.get(), {1}, {1});
  CHECK(PullFrom(a.get(), {1}) == Floats{1});  // For step 2: waits for steps <= 0.
  PushTo(a.get(), {1}, {1});
  Floats seen(1);
  Pending pull = a->Pull(TableOf(*a), Keys{1}, seen);  // For step 3: waits for b's step 1.
  PushTo(b.get(), {1}, {10});
  REQUIRE(pull.Wait() == absl::OkStatus());
  CHECK(seen == Floats{12});
}

TEST_CASE("Callbacks come once, with the result in place", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"));
  const auto client = cluster->Join();
  PushTo(client.get(), {1}, {4});
  Floats rows(1);
  DoneSignal<float> seen;
  Pending pull = client->Pull(TableOf(*client), Keys{1}, rows);
  pull.Then([&](const absl::Status& status) { seen.Set(status.ok() ? rows[0] : -1); });
  CHECK(seen.Wait() == 4);
  CHECK(pull.done());
  bool at_once = false;
  Pending refused = client->Push({7, 1}, {}, {});
  refused.Then([&](const absl::Status& status) { at_once = !status.ok(); });
  CHECK(at_once);
}

TEST_CASE("An abandoned pull leaves its buffer alone", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), OneTableJob("sum"));
  const auto client = cluster->Join();
  PushTo(client.get(), {1}, {4});
  for (int round = 0; round < 50; ++round) {
    auto rows = std::make_unique<Floats>(1);
    { const Pending abandoned = client->Pull(TableOf(*client), Keys{1}, *rows); }
    rows->assign(1, 7);
    CHECK(PullFrom(client.get(), {1}) == Floats{4});  // Its answer comes after the other one's.
    CHECK(*rows == Floats{7});
  }
}

TEST_CASE("A client may go while its pushes are under way", "[local_cluster]") {
  constexpr int kPushes = 100;
  const auto cluster = StartJob(Network::kInProcess, OneTableJob("sum"));
  const auto reader = cluster->Join({.coordinator = {}, .read_only = true});
  auto client = cluster->Join();
  std::vector<Pending> pushes;
  for (int i = 0; i < kPushes; ++i) {
    pushes.push_back(client->Push(TableOf(*client), Keys{1}, Floats{1}));
  }
  client.reset();
  int done = 0;
  for (Pending& push : pushes) {
    const absl::Status status = push.Wait();
    CHECK((status.ok() || status.code() == absl::StatusCode::kCancelled));
    if (status.ok()) ++done;
  }
  const float applied = ReadFrom(reader.get(), {1})[0];
  CHECK(applied >= static_cast<float>(done));
  CHECK(applied <= kPushes);
}

TEST_CASE("The end of the job aborts what comes after it", "[local_cluster]") {
  const auto cluster = StartJob(Everywhere(), SynchronousJob({Consistency::kBsp, 0}, 2));
  const auto client = cluster->Join();
  PushTo(client.get(), {1}, {1});
  Floats row(1);
  Pending waiting = client->Pull(TableOf(*client), Keys{1}, row);  // For a push that never comes.
  REQUIRE(cluster->Finish() == absl::OkStatus());
  CHECK(waiting.Wait().code() == absl::StatusCode::kAborted);
  CHECK(client->Push(TableOf(*client), Keys{1}, Floats{1}).Wait().code() ==
        absl::StatusCode::kAborted);
}

TEST_CASE("The deadline names the server that does not answer", "[local_cluster]") {
  const auto cluster = StartJob(Network::kTcp, OneTableJob("sum"), 1);
  const auto client =
      cluster->Join({.coordinator = {}, .read_only = false, .deadline = absl::Milliseconds(200)});
  const std::string server = cluster->KillServers();
  Floats row(1);
  Pending pull = client->Pull(TableOf(*client), Keys{1}, row);
  Pending push = client->Push(TableOf(*client), Keys{1}, Floats{1});
  for (const absl::Status& late : {pull.Wait(), push.Wait()}) {
    CHECK(late.code() == absl::StatusCode::kDeadlineExceeded);
    CHECK(Says(late, server));
  }
}

TEST_CASE("Nobody at the coordinator's address: the deadline names it", "[local_cluster]") {
  Client::Options options;
  options.coordinator = "tcp://127.0.0.1:1";
  options.join_timeout = absl::Milliseconds(200);
  const absl::Status alone = Client::Join(options).status();
  CHECK(alone.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(Says(alone, options.coordinator));
}

TEST_CASE("An optimizer of the program's own runs on its servers", "[local_cluster]") {
  LocalCluster::Options options;
  options.job = OneTableJob("doubler");
  options.optimizers["doubler"] =
      [](const OptimizerSpec&) -> absl::StatusOr<std::unique_ptr<RowOptimizer>> {
    return std::make_unique<Doubler>();
  };
  const auto cluster = TestCluster::Start(Everywhere(), options);
  const auto client = cluster->Join();
  PushTo(client.get(), {1}, {3});
  CHECK(ReadFrom(client.get(), {1}) == Floats{6});
}

TEST_CASE("An optimizer that no server has ends the job with its name", "[local_cluster]") {
  const Network network = Everywhere();
  // The server says so as soon as it knows the job: before the cluster has formed, or the client
  // has joined, or after.
  std::unique_ptr<TestCluster> cluster;
  try {
    cluster = StartJob(network, OneTableJob("no_such_rule"));
  } catch (const std::runtime_error& early) {
    CHECK_THAT(early.what(), Catch::Contains("no_such_rule"));
    return;
  }
  const auto joined = cluster->TryJoin({});
  Floats row(1);
  const absl::Status refused =
      joined.ok() ? (*joined)->Pull({0, 1}, Keys{1}, row).Wait() : joined.status();
  INFO(refused);
  CHECK_FALSE(refused.ok());
  CHECK(Says(refused, "no_such_rule"));
  const absl::Status end = cluster->Finish();
  CHECK(end.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Says(end, "no_such_rule"));
}

TEST_CASE("A job that contradicts itself does not start", "[local_cluster]") {
  LocalCluster::Options options;
  options.job = OneTableJob("sum");
  options.job.partitions = 7;
  const absl::Status bad = LocalCluster::Start(options).status();
  CHECK(bad.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Says(bad, "partitions is 7"));
  options.job.partitions = 8;
  options.servers = 0;
  CHECK(LocalCluster::Start(options).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A saved model starts a job of any shape", "[local_cluster]") {
  const Network network = Everywhere();
  const TempDirectory folder;
  Keys keys = {0, kLastKey};
  Floats values = {-1, -2};
  for (uint32_t i = 1; i <= 1'000; ++i) {
    keys.push_back(uint64_t{i} << 40);
    values.push_back(static_cast<float>(i));
  }
  {
    const auto cluster = StartJob(network, OneTableJob("sum"), 2, folder.PathOf("model"));
    const auto client = cluster->Join();
    PushTo(client.get(), keys, values);
    REQUIRE(cluster->Finish() == absl::OkStatus());
  }
  JobSpec job = OneTableJob("sum");
  job.init_dir = folder.PathOf("model");
  for (const uint32_t partitions : {1u, 32u}) {
    job.partitions = partitions;
    const auto cluster = StartJob(network, job, partitions == 1 ? 1 : 3);
    const auto client = cluster->Join();
    CHECK(ReadFrom(client.get(), keys) == values);
    PushTo(client.get(), {0}, {3});
    CHECK(PullFrom(client.get(), {0}) == Floats{2});
  }
}

TEST_CASE("A directory that holds a model is not written over", "[local_cluster]") {
  const TempDirectory folder;
  LocalCluster::Options options;
  options.job = OneTableJob("sum");
  options.save_dir = folder.PathOf("model");
  REQUIRE(LocalCluster::Start(options).value()->Finish() == absl::OkStatus());
  const absl::Status taken = LocalCluster::Start(options).status();
  CHECK(taken.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(Says(taken, options.save_dir));
  options.job.init_dir = folder.PathOf("nowhere");
  options.save_dir.clear();
  CHECK(LocalCluster::Start(options).status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
