#include "cluster/cluster_run.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/server.h"
#include "cluster/fake_job.h"
#include "cluster/linear_data.h"
#include "coordinator/coordinator_shell.h"
#include "train/train_worker.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

constexpr std::chrono::milliseconds kAtOnce(0);

TEST_CASE("a run follows its job, and ends as it does", "[cluster_run]") {
  auto owned = std::make_unique<FakeJob>();
  FakeJob* const job = owned.get();
  job->polls_left = 2;
  const std::unique_ptr<ClusterRun> run = RunOf(std::move(owned));
  CHECK(run->log_dir().empty());
  CHECK_FALSE(*run->WaitFor(kAtOnce));
  CHECK(*run->WaitFor(kAtOnce));
  CHECK(run->Finish() == absl::OkStatus());
  job->result.code = 3;
  job->result.message = "data.txt:7: not a number";
  CHECK(run->Finish().code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(run->Finish()) == "data.txt:7: not a number");
}

TEST_CASE("an interrupt stops the job, once", "[cluster_run]") {
  auto owned = std::make_unique<FakeJob>();
  FakeJob* const job = owned.get();
  const std::unique_ptr<ClusterRun> run = RunOf(std::move(owned));
  run->Interrupt();
  run->Interrupt();
  CHECK(job->stops == std::vector<std::pair<int32_t, std::string>>{{130, "interrupted"}});
  CHECK(run->Finish().code() == absl::StatusCode::kCancelled);
}

TEST_CASE("a place is embedded, local or an address", "[cluster_run]") {
  for (const char* legal : {"embedded", "local", "tcp://node1:7700", "ipc:///run/cairn"}) {
    CHECK(CheckCluster(legal) == absl::OkStatus());
  }
  CHECK(MessageOf(CheckCluster("locl")) ==
        "\"locl\" is none of embedded, local and a coordinator's tcp://HOST:PORT; did you mean "
        "local?");
  CHECK_THAT(std::string(MessageOf(CheckCluster("node1"))), Catch::Contains("tcp://HOST:PORT"));
  CHECK(CheckCluster("tcp://node1").code() == absl::StatusCode::kInvalidArgument);
  TrainOptions options;
  options.cluster = "nowhere";
  CHECK(StartRun(options, {}).status().code() == absl::StatusCode::kInvalidArgument);
}

struct Data {
  TempDirectory directory;
  TrainOptions options;

  Data() {
    options.train = {WriteLinearData(directory, "train", 1000, 1)};
    options.epochs = 2;
    options.mode.consistency = Consistency::kBsp;
    options.partitions = 8;
  }
};

TEST_CASE("a coordinator at an address is given the job", "[cluster_run]") {
  Data data;
  const std::string digest = Train(data.options).value().model_digest;
  PosixFileSystem files;
  const TransportMaker make = [](MessageHandler handler) {
    return MakeZmqTransport({.listen = "tcp://127.0.0.1:0"}, std::move(handler));
  };
  const auto coordinator = StartIdleCoordinator({}, make, &files).value();
  Server::Options server_options;
  server_options.coordinator = coordinator->address();
  const auto server = Server::Start(server_options).value();
  TrainWorker::Options worker_options;
  worker_options.coordinator = coordinator->address();
  const auto worker = TrainWorker::Start(worker_options, make).value();
  data.options.cluster = coordinator->address();
  const auto report = Train(data.options);
  REQUIRE(report.status() == absl::OkStatus());
  CHECK(report->model_digest == digest);
  CHECK(report->cluster == coordinator->address());
  CHECK(report->bytes_sent > 0);
  CHECK(server->Wait() == absl::OkStatus());
  CHECK(worker->Wait() == absl::OkStatus());
  // One job, and no more.
  const auto again = Train(data.options);
  CHECK_FALSE(again.ok());
}

TEST_CASE("nobody at the address: the error names it", "[cluster_run]") {
  Data data;
  data.options.cluster = "tcp://127.0.0.1:1";
  data.options.join_timeout = absl::Milliseconds(100);
  const absl::Status status = Train(data.options).status();
  CHECK(ExitCode(status) == 5);
  CHECK_THAT(std::string(MessageOf(status)), Catch::Contains(data.options.cluster));
}

}  // namespace
}  // namespace cairn
