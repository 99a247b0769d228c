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
  void Serve() {
    Server::Options options;
    options.coordinator = coordinator->address();
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

}  // namespace
}  // namespace cairn
