#include "cluster/embedded.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "base/memory_file_system.h"
#include "base/status.h"
#include "worker/client_shell.h"

namespace cairn {
namespace {

CoordinatorSetup Setup(const std::string& save_dir = {}, const std::string& init_dir = {}) {
  CoordinatorSetup setup;
  setup.job.partitions = 4;
  setup.job.tables = {TableSpec{.name = "t", .parts = {PartSpec{.optimizer = {.name = "sum"}}}}};
  setup.job.init_dir = init_dir;
  setup.plan.servers = 2;
  setup.plan.save_dir = save_dir;
  return setup;
}

std::unique_ptr<ShellClient> Join(EmbeddedCluster* cluster, bool read_only = false) {
  Client::Options options;
  options.coordinator = cluster->coordinator().address();
  options.read_only = read_only;
  return JoinClient(options, cluster->transport_maker()).value();
}

TEST_CASE("An embedded cluster keeps its model in the files it is given, and starts from them") {
  MemoryFileSystem files;
  const std::vector<Key> keys = {1, 2, 3, ~Key{0}};
  const std::vector<float> values = {10, 20, 30, 40};
  {
    const auto cluster = EmbeddedCluster::Start(Setup("/model"), {2, 2, {}}, &files).value();
    {
      const auto client = Join(cluster.get());
      REQUIRE(client->Push(*client->FindTable("t"), keys, values).Wait() == absl::OkStatus());
    }
    cluster->coordinator().Stop(0, "enough");
    const JobResult result = cluster->coordinator().Wait();
    CHECK(result.code == 0);
    CHECK(result.message == "enough");
    CHECK(result.features == 4);
  }
  files.Crash();  // What was saved is durable.
  CHECK(ReadManifest(&files, "/model").value().files.size() == 4);
  const auto cluster = EmbeddedCluster::Start(Setup({}, "/model"), {2, 1, {}}, &files).value();
  const auto reader = Join(cluster.get(), true);
  std::vector<float> read(keys.size());
  REQUIRE(reader->Read(*reader->FindTable("t"), keys, read).Wait() == absl::OkStatus());
  CHECK(read == values);
}

TEST_CASE("Two embedded clusters in one process do not see each other") {
  MemoryFileSystem files;
  const auto one = EmbeddedCluster::Start(Setup(), {2, 1, {}}, &files).value();
  const auto two = EmbeddedCluster::Start(Setup(), {2, 1, {}}, &files).value();
  const auto client_one = Join(one.get());
  const auto client_two = Join(two.get());
  const Table table = *client_one->FindTable("t");
  REQUIRE(client_one->Push(table, std::vector<Key>{1}, std::vector<float>{5}).Wait().ok());
  std::vector<float> row(1, -1);
  REQUIRE(client_two->Read(table, std::vector<Key>{1}, row).Wait().ok());
  CHECK(row[0] == 0);
  REQUIRE(client_one->Read(table, std::vector<Key>{1}, row).Wait().ok());
  CHECK(row[0] == 5);
}

TEST_CASE("An embedded cluster that cannot work does not start") {
  MemoryFileSystem files;
  CHECK(EmbeddedCluster::Start(Setup({}, "/nothing"), {2, 1, {}}, &files).status().code() ==
        absl::StatusCode::kNotFound);
  CHECK(EmbeddedCluster::Start(Setup(), {2, 0, {}}, &files).status().code() ==
        absl::StatusCode::kInvalidArgument);
  CoordinatorSetup setup = Setup();
  setup.job.partitions = 3;
  CHECK(EmbeddedCluster::Start(setup, {2, 1, {}}, &files).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace cairn
