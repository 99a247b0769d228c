#include "cluster/status_client.h"

#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "base/status.h"
#include "cluster/embedded.h"
#include "coordinator/coordinator_shell.h"
#include "transport/in_process_transport.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);
constexpr auto kMoment = std::chrono::milliseconds(20);

TEST_CASE("Whoever asks a coordinator is told how it is, without being a member",
          "[status_client]") {
  MemoryFileSystem files;
  const auto listen = [](MessageHandler handler) {
    ZmqOptions options;
    options.listen = "tcp://127.0.0.1:0";
    return MakeZmqTransport(options, std::move(handler));
  };
  const auto coordinator = StartIdleCoordinator({}, listen, &files).value();
  const auto client = StatusClient::Open(coordinator->address()).value();
  for (int i = 0; i < 2; ++i) {
    const JobStatus status = client->Ask(kPatience).value();
    CHECK(status.phase == JobPhase::kIdle);
    CHECK(status.job.empty());
    CHECK_THAT(status.waiting_for, Catch::StartsWith("a job"));
    CHECK(status.member_count == 0);
  }
}

TEST_CASE("In one process too, the members are listed", "[status_client]") {
  MemoryFileSystem files;
  CoordinatorSetup setup;
  setup.job.name = "flights";
  setup.job.partitions = 4;
  setup.job.tables = {TableSpec{.name = "t"}};
  setup.plan.servers = 2;
  const auto cluster = EmbeddedCluster::Start(std::move(setup), {2, 1, {}}, &files).value();
  const auto client =
      StatusClient::Open(cluster->coordinator().address(), cluster->transport_maker()).value();
  JobStatus status = client->Ask(kPatience).value();
  while (status.member_count < 2) status = client->Ask(kPatience).value();
  CHECK(status.job == "flights");
  REQUIRE(status.members.size() == 2);
  CHECK(status.members[0].role == Role::kServer);
}

TEST_CASE("Nobody there is said with the address", "[status_client]") {
  InProcessNetwork network;
  const auto make = [&](MessageHandler handler) -> absl::StatusOr<std::unique_ptr<Transport>> {
    return network.Open(std::move(handler));
  };
  const auto client = StatusClient::Open("inproc://99", make).value();
  const absl::Status status = client->Ask(kMoment).status();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::StartsWith("no coordinator has answered at inproc://99 for 0.02 s"));
  CHECK(StatusClient::Open("nowhere").status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("A coordinator of another version is told from one that is not there",
          "[status_client]") {
  InProcessNetwork network;
  std::unique_ptr<Transport> other;
  other = network.Open([&](MessagePtr message) {
    Header header;
    header.to = message->header.from;
    other->Reply(header.to, MakeMessage(header, VersionNotice{.major = 7, .minor = 1}));
  });
  const auto make = [&](MessageHandler handler) -> absl::StatusOr<std::unique_ptr<Transport>> {
    return network.Open(std::move(handler));
  };
  const auto client = StatusClient::Open(other->address(), make).value();
  const absl::Status status = client->Ask(kPatience).status();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(status)), Catch::Contains("speaks version 7.1"));
}

}  // namespace
}  // namespace cairn
