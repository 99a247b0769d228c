// Whole jobs that are submitted: an idle coordinator, servers and a submitter, over tcp.
#include "cluster/submitter.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "base/status.h"
#include "cairn/client.h"
#include "server/server_shell.h"
#include "transport/process_report.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

absl::StatusOr<std::unique_ptr<Transport>> Listen(MessageHandler handler) {
  ZmqOptions options;
  options.listen = "tcp://127.0.0.1:0";
  return MakeZmqTransport(options, std::move(handler));
}

JobDefinition Job() {
  JobDefinition job;
  job.spec.name = "flights";
  job.spec.partitions = 4;
  job.spec.tables = {TableSpec{.name = "t", .parts = {PartSpec{.optimizer = {.name = "sum"}}}}};
  job.plan.want_digest = true;
  job.plan.end_with_clients = true;
  return job;
}

// An idle coordinator and a server that waits with it.
struct Cluster {
  Cluster() : coordinator(StartIdleCoordinator({}, Listen, &files).value()) {
    Server::Options options;
    options.coordinator = coordinator->address();
    server = StartServer(options, Listen, &files).value();
  }
  std::unique_ptr<JobHandle> Submit(const JobDefinition& job = Job()) {
    SubmitterOptions options;
    options.coordinator = coordinator->address();
    options.job = job;
    return StartSubmitter(std::move(options)).value();
  }
  std::unique_ptr<Client> Join() {
    Client::Options options;
    options.coordinator = coordinator->address();
    return Client::Join(options).value();
  }

  MemoryFileSystem files;
  std::unique_ptr<RunningCoordinator> coordinator;
  std::unique_ptr<Server> server;
};

TEST_CASE("Submitter: a job runs to its end, and all about it comes back") {
  Cluster cluster;
  const auto job = cluster.Submit();
  {
    const auto client = cluster.Join();
    CHECK(client->job().name == "flights");
    const std::vector<Key> keys = {1, 2, 3};
    CHECK(client->Push(*client->FindTable("t"), keys, std::vector<float>{1, 2, 3}).Wait().ok());
  }
  const JobResult result = job->Wait();
  CHECK(result.code == 0);
  CHECK(result.message == "all clients have left");
  CHECK(result.features == 3);
  CHECK(result.digest_low != 0);
  CHECK(result.bytes_sent > 500);  // What was pushed, and all that was said.
  CHECK(result.bytes_received > 500);
  CHECK(job->WaitFor(std::chrono::milliseconds(0)));
  CHECK(job->status().over());
  CHECK(cluster.server->Wait().ok());
  CHECK(cluster.coordinator->Wait().code == 0);
}

TEST_CASE("Submitter: a second job is refused, and the first goes on") {
  Cluster cluster;
  const auto first = cluster.Submit();
  const auto client = cluster.Join();
  const auto second = cluster.Submit();
  const JobResult refused = second->Wait();
  CHECK(refused.code == 2);
  CHECK_THAT(refused.message, Catch::Contains("runs job \"flights\" already"));
  CHECK(!first->WaitFor(std::chrono::milliseconds(0)));
  first->Stop(0, "enough");
  CHECK(first->Wait().code == 0);
  CHECK(first->Wait().message == "enough");
}

TEST_CASE("Submitter: a job that cannot be opened is refused, and the coordinator waits on") {
  Cluster cluster;
  JobDefinition job = Job();
  job.spec.init_dir = "/nothing";
  const JobResult refused = cluster.Submit(job)->Wait();
  CHECK(refused.code == 3);
  CHECK_THAT(refused.message, Catch::Contains("no saved model in /nothing"));
  CHECK(cluster.coordinator->status().phase == JobPhase::kIdle);
}

TEST_CASE("Submitter: a job whose handle goes is ended") {
  Cluster cluster;
  auto job = cluster.Submit();
  const auto client = cluster.Join();
  job.reset();
  CHECK(cluster.server->Wait().code() == absl::StatusCode::kAborted);
  CHECK(cluster.coordinator->Wait().code == 130);
}

TEST_CASE("Submitter: a handle that was abandoned goes without a word") {
  Cluster cluster;
  auto job = cluster.Submit();
  const auto client = cluster.Join();
  job->Abandon();
  job.reset();
  const absl::StatusOr<Table> table = client->FindTable("t");
  const Key key = 1;
  const float gradient = 1;
  CHECK(client->Push(*table, {&key, 1}, {&gradient, 1}).Wait() == absl::OkStatus());
}

TEST_CASE("Submitter: a process that was seen to die ends the job at once") {
  Cluster cluster;
  const auto job = cluster.Submit();
  const auto client = cluster.Join();
  job->ReportDeath(HostName(), static_cast<uint32_t>(getpid()), "was killed by signal 9");
  const JobResult result = job->Wait();
  CHECK(result.code == 1);
  CHECK_THAT(result.message, Catch::Contains("server") && Catch::Contains("killed by signal 9"));
}

TEST_CASE("Submitter: what cannot work does not start") {
  SubmitterOptions options;
  options.coordinator = "tcp://127.0.0.1";
  options.job = Job();
  CHECK_THAT(std::string(MessageOf(StartSubmitter(options).status())),
             Catch::Contains("coordinator: "));
  options.coordinator = "tcp://127.0.0.1:1";
  options.job.spec.partitions = 3;
  CHECK_THAT(std::string(MessageOf(StartSubmitter(options).status())),
             Catch::Contains("partitions"));
  options.job = Job();
  options.job.plan.servers = 0;
  CHECK_THAT(std::string(MessageOf(StartSubmitter(options).status())), Catch::Contains("servers"));
}

}  // namespace
}  // namespace cairn
