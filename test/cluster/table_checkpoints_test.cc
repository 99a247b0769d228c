// Checkpoints of jobs without data: what programs push is there again when the job is resumed.
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/posix_file_system.h"
#include "base/temp_directory.h"
#include "cairn/client.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"
#include "cluster/checkpoints.h"
#include "cluster/test_cluster.h"

namespace cairn {
namespace {

// A coordinator and a server with what they keep in `directory`; what cannot start throws.
struct Cluster {
  Cluster(const std::string& directory, bool resume, Consistency consistency = Consistency::kAsp) {
    Coordinator::Options options;
    options.job = OneTableJob("sum");
    options.job.mode.consistency = consistency;
    options.job.streams = 1;
    options.checkpoint_dir = directory;
    options.checkpoint_every = absl::Milliseconds(100);
    options.resume = resume;
    coordinator = Coordinator::Start(options).value();
  }
  void Serve(const std::string& listen = "tcp://127.0.0.1:0") {
    Server::Options options;
    options.coordinator = coordinator->address();
    options.listen = listen;
    server = Server::Start(options).value();
  }
  void Join() {
    Client::Options options;
    options.coordinator = coordinator->address();
    client = Client::Join(options).value();
    table = client->FindTable("t").value();
  }
  std::vector<float> Read(const std::vector<Key>& keys) {
    std::vector<float> rows(keys.size());
    const absl::Status status = client->Read(table, keys, rows).Wait();
    INFO(status);
    REQUIRE(status.ok());
    return rows;
  }

  std::unique_ptr<Coordinator> coordinator;
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
  Table table;
};

// The last checkpoint that is there; 0: none.
uint64_t NumberOfNewest(const std::string& directory) {
  PosixFileSystem files;
  const auto all = ListCheckpoints(&files, directory);
  if (!all.ok()) return 0;
  const auto newest = ChooseCheckpoint(*all, 0);
  return newest.ok() ? newest->number : 0;
}

uint64_t RowsOfNewest(const std::string& directory) {
  PosixFileSystem files;
  const auto all = ListCheckpoints(&files, directory);
  if (!all.ok()) return 0;
  const auto newest = ChooseCheckpoint(*all, 0);
  return newest.ok() ? newest->rows() : 0;
}

constexpr auto kPatience = std::chrono::seconds(30);

TEST_CASE("A job of tables keeps checkpoints, and goes on from the last one", "[checkpoints]") {
  const TempDirectory temp;
  const std::string directory = temp.PathOf("kept");
  const std::vector<Key> keys = {1, 2, 3};
  {
    Cluster first(directory, false);
    first.Serve();
    first.Join();
    REQUIRE(first.client->Push(first.table, keys, std::vector<float>{1, 2, 3}).Wait().ok());
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (RowsOfNewest(directory) < keys.size()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  Cluster second(directory, true);
  // Whoever comes first waits for the other.
  std::thread joining;
  if (GENERATE(true, false)) {
    joining = std::thread([&] { second.Join(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    second.Serve();
    joining.join();
  } else {
    second.Serve();
    second.Join();
  }
  CHECK(second.Read(keys) == std::vector<float>{1, 2, 3});
  REQUIRE(second.client->Push(second.table, keys, std::vector<float>{1, 1, 1}).Wait().ok());
  CHECK(second.Read(keys) == std::vector<float>{2, 3, 4});
}

TEST_CASE("In bsp, a program goes on with the step after the checkpoint's", "[checkpoints]") {
  const TempDirectory temp;
  const std::string directory = temp.PathOf("kept");
  const std::vector<Key> keys = {7};
  {
    Cluster first(directory, false, Consistency::kBsp);
    first.Serve();
    first.Join();
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (RowsOfNewest(directory) < keys.size()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      REQUIRE(first.client->Push(first.table, keys, std::vector<float>{1}).Wait().ok());
    }
  }
  Cluster second(directory, true, Consistency::kBsp);
  second.Serve();
  second.Join();
  const uint64_t steps = second.client->NextStep().number() - 1;
  CHECK(steps > 0);
  CHECK(second.Read(keys) == std::vector<float>{static_cast<float>(steps)});
  REQUIRE(second.client->Push(second.table, keys, std::vector<float>{1}).Wait().ok());
  CHECK(second.Read(keys) == std::vector<float>{static_cast<float>(steps + 1)});
}

// Pushes 1 to a key in each step; what the key has is what counts.
class Program {
 public:
  explicit Program(Cluster* cluster) : cluster_(cluster) {}

  // Of its next step.
  absl::Status Push() {
    Step step = cluster_->client->NextStep();
    const Key key = 7;
    const float one = 1;
    step.Push(cluster_->table, {&key, 1}, {&one, 1});
    const absl::Status pushed = step.Commit({}).Wait();
    if (pushed.ok()) pushed_ = step.number();
    return pushed;
  }
  void PushUntilCheckpoint(const std::string& directory, uint64_t number) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (NumberOfNewest(directory) < number) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      REQUIRE(Push().ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  uint64_t pushed() const { return pushed_; }

 private:
  Cluster* const cluster_;
  uint64_t pushed_ = 0;
};

TEST_CASE("A program whose server is lost pushes again what is lost, and nothing counts twice",
          "[checkpoints]") {
  const Consistency consistency = GENERATE(Consistency::kAsp, Consistency::kSsp, Consistency::kBsp);
  const TempDirectory temp;
  const std::string directory = temp.PathOf("kept");
  Cluster cluster(directory, false, consistency);
  cluster.Serve();
  cluster.Join();
  Program program(&cluster);
  program.PushUntilCheckpoint(directory, 4);
  for (int i = 0; i < 20; ++i) REQUIRE(program.Push().ok());
  const uint64_t before = program.pushed();
  Step unfinished = cluster.client->NextStep();
  const std::string address = cluster.server->address();
  cluster.server.reset();  // Without a word; another one comes at its address.
  cluster.Serve(address);
  absl::Status lost = program.Push();
  while (lost.ok()) lost = program.Push();  // The coordinator has not noticed yet.
  INFO(lost);
  CHECK(lost.code() == absl::StatusCode::kDataLoss);
  CHECK(program.Push().code() == absl::StatusCode::kDataLoss);  // Until it is known.
  const absl::StatusOr<uint64_t> next = cluster.client->Resume();
  REQUIRE(next.ok());
  CHECK(*next > 1);
  CHECK(*next <= before + 1);
  CHECK(unfinished.Commit({}).Wait().code() == absl::StatusCode::kDataLoss);
  CHECK(cluster.client->NextStep().number() == *next);
  while (program.pushed() < before + 10) REQUIRE(program.Push().ok());
  CHECK(cluster.Read({7}) == std::vector<float>{static_cast<float>(before + 10)});
  CHECK(cluster.client->Resume().value() == before + 11);  // Nothing was lost: nothing happens.
}

TEST_CASE("A server that is told to leave takes a checkpoint of what programs have pushed",
          "[checkpoints]") {
  const TempDirectory temp;
  const std::string directory = temp.PathOf("kept");
  Cluster cluster(directory, false);
  cluster.Serve();
  cluster.Join();
  Program program(&cluster);
  for (int i = 0; i < 20; ++i) REQUIRE(program.Push().ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // The coordinator hears of them.
  cluster.server->Leave();
  CHECK(cluster.server->Wait().code() == absl::StatusCode::kCancelled);
  cluster.Serve();
  absl::Status lost = program.Push();
  CHECK(lost.code() == absl::StatusCode::kDataLoss);
  CHECK(cluster.client->Resume().value() == 21);
  CHECK(cluster.Read({7}) == std::vector<float>{20});
}

}  // namespace
}  // namespace cairn
