// The coordinator's shell, with members that the test plays itself.
#include "cairn/coordinator.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/memory_file_system.h"
#include "base/status.h"
#include "coordinator/coordinator_shell.h"
#include "kernels/target.h"
#include "support/peer.h"

namespace cairn {
namespace {

CoordinatorSetup Setup(const std::string& save_dir = {}) {
  CoordinatorSetup setup;
  setup.job.partitions = 2;
  setup.job.tables = {TableSpec{.name = "t"}};
  setup.plan.save_dir = save_dir;
  return setup;
}

// A job with one server, which is the test.
class Harness {
 public:
  explicit Harness(CoordinatorSetup setup)
      : server_(&network_),
        coordinator_(StartCoordinator(std::move(setup), test::MakerOn(&network_), &files).value()) {
    server_.Send(coordinator_->address(), {kUnassignedProcess, 77}, {kCoordinatorProcess, 0},
                 Hello{Role::kServer, server_.address(), kKernelTarget});
    const MessagePtr welcome = server_.Take<Welcome>();
    coordinator_id_ = welcome->header.from;
    self_ = {BodyAs<Welcome>(*welcome)->process, 77};
    Send(Heartbeat{});  // The transport learns the way to this name.
  }
  void Send(Body body) {
    server_.Send(coordinator_->address(), self_, coordinator_id_, std::move(body));
  }
  test::Peer& server() { return server_; }
  RunningCoordinator& coordinator() { return *coordinator_; }

  MemoryFileSystem files;

 private:
  InProcessNetwork network_;
  test::Peer server_;
  ProcessId coordinator_id_;
  ProcessId self_;
  std::unique_ptr<RunningCoordinator> coordinator_;
};

// Answers for both partitions.
void AnswerSnapshots(Harness* harness) {
  for (uint32_t i = 0; i < 2; ++i) {
    const MessagePtr message = harness->server().Take<SnapshotRequest>();
    const SnapshotRequest& request = *BodyAs<SnapshotRequest>(*message);
    SnapshotDone done;
    done.checkpoint = request.checkpoint;
    done.partition = request.partition;
    done.term = request.term;
    done.file = Concat("p", request.partition);
    done.bytes = 0;
    done.rows = 3;
    harness->Send(done);
  }
}

TEST_CASE("Coordinator: forms the job, tells the map, and ends it when it is told to") {
  Harness harness(Setup());
  const MessagePtr map = harness.server().Take<MapUpdate>();
  CHECK(BodyAs<MapUpdate>(*map)->partitions.size() == 2);
  CHECK(harness.coordinator().status().phase == JobPhase::kServing);
  CHECK(!harness.coordinator().WaitFor(std::chrono::milliseconds(0)));
  harness.coordinator().Stop(130, "interrupted");
  const MessagePtr end = harness.server().Take<JobEnd>();
  CHECK(BodyAs<JobEnd>(*end)->code == 130);
  CHECK(BodyAs<JobEnd>(*end)->message == "interrupted");
  harness.Send(Goodbye{});
  const JobResult result = harness.coordinator().Wait();
  CHECK(result.code == 130);
  CHECK(StatusOf(result).code() == absl::StatusCode::kCancelled);
}

TEST_CASE("Coordinator: the manifest comes last, and makes the model readable") {
  Harness harness(Setup("/model"));
  REQUIRE(harness.files.CreateDirectories("/model").ok());
  for (const char* path : {"/model/p0", "/model/p1"}) {
    REQUIRE(harness.files.OpenForAppend(path).ok());
  }
  harness.server().Take<MapUpdate>();
  harness.coordinator().Stop(0, "finished");
  CHECK(ReadManifest(&harness.files, "/model").status().code() == absl::StatusCode::kNotFound);
  AnswerSnapshots(&harness);
  harness.server().Take<JobEnd>();
  harness.Send(Goodbye{});
  const JobResult result = harness.coordinator().Wait();
  CHECK(result.code == 0);
  CHECK(result.features == 6);
  const Manifest manifest = ReadManifest(&harness.files, "/model").value();
  REQUIRE(manifest.files.size() == 2);
  CHECK(manifest.files[1].name == "p1");
  CHECK(manifest.files[1].rows == 3);
}

TEST_CASE("Coordinator: files that make no model go") {
  Harness harness(Setup("/model"));
  REQUIRE(harness.files.CreateDirectories("/model").ok());
  REQUIRE(harness.files.OpenForAppend("/model/p0").ok());
  harness.server().Take<MapUpdate>();
  harness.coordinator().Stop(0, "finished");
  for (uint32_t i = 0; i < 2; ++i) {
    const MessagePtr message = harness.server().Take<SnapshotRequest>();
    const SnapshotRequest& request = *BodyAs<SnapshotRequest>(*message);
    SnapshotDone done;
    done.checkpoint = request.checkpoint;
    done.partition = request.partition;
    done.term = request.term;
    done.file = Concat("p", i);
    if (i == 1) done.error = "disk full";
    harness.Send(done);
  }
  CHECK(BodyAs<JobEnd>(*harness.server().Take<JobEnd>())->message ==
        "the model could not be saved: disk full");
  harness.Send(Goodbye{});
  harness.coordinator().Wait();
  CHECK_FALSE(harness.files.Exists("/model/p0").value());
}

TEST_CASE("Coordinator: a model whose files are not where it looks is no model") {
  Harness harness(Setup("/model"));  // The servers have written nothing there.
  harness.server().Take<MapUpdate>();
  harness.coordinator().Stop(0, "finished");
  AnswerSnapshots(&harness);
  const MessagePtr end = harness.server().Take<JobEnd>();
  CHECK(BodyAs<JobEnd>(*end)->code == 1);
  CHECK(BodyAs<JobEnd>(*end)->message.find("could not be saved") != std::string::npos);
  CHECK(BodyAs<JobEnd>(*end)->message.find("same /model") != std::string::npos);
  CHECK(ReadManifest(&harness.files, "/model").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("Coordinator: a directory that cannot be written is found out before the training") {
  InProcessNetwork network;
  MemoryFileSystem files;
  REQUIRE(files.WriteFileAtomically("/file", {}).ok());
  const absl::Status status =
      StartCoordinator(Setup("/file/model"), test::MakerOn(&network), &files).status();
  CHECK(status.code() == absl::StatusCode::kPermissionDenied);
  CHECK(MessageOf(status).find("no model can be saved in /file/model: ") == 0);
  REQUIRE(StartCoordinator(Setup("/new/model"), test::MakerOn(&network), &files).ok());
  CHECK(files.List("/new/model").value().empty());  // The probe is gone.
}

TEST_CASE("Coordinator: one that is started again goes on by its log") {
  InProcessNetwork network;
  MemoryFileSystem files;
  test::Peer server(&network);
  CoordinatorSetup setup = Setup();
  setup.job_dir = "/jobs/1";
  const auto start = [&] { return StartCoordinator(setup, test::MakerOn(&network), &files); };
  ProcessId first, self;
  uint64_t job_id = 0;
  {
    const auto coordinator = start().value();
    server.Send(coordinator->address(), {kUnassignedProcess, 77}, {kCoordinatorProcess, 0},
                Hello{Role::kServer, server.address(), kKernelTarget});
    const MessagePtr welcome = server.Take<Welcome>();
    first = welcome->header.from;
    self = {BodyAs<Welcome>(*welcome)->process, 77};
    job_id = BodyAs<Welcome>(*welcome)->job_id;
    server.Send(coordinator->address(), self, first, Heartbeat{});
    server.Take<MapUpdate>();
  }
  files.Crash();
  auto coordinator = start().value();
  CHECK(coordinator->status().phase == JobPhase::kServing);
  CHECK_THAT(std::string(MessageOf(start().status())), Catch::Contains("/jobs/1 is in use by"));
  server.Send(coordinator->address(), self, first, Heartbeat{});
  const MessagePtr welcome = server.Take<Welcome>();
  CHECK(welcome->header.from != first);
  CHECK(BodyAs<Welcome>(*welcome)->process == self.process);
  CHECK(BodyAs<Welcome>(*welcome)->job_id == job_id);
  coordinator->Stop(130, "interrupted");
  server.Take<JobEnd>();
  server.Send(coordinator->address(), self, welcome->header.from, Goodbye{});
  CHECK(coordinator->Wait().code == 130);
  coordinator.reset();
  // It is over, and everybody knows.
  const absl::Status over = start().status();
  CHECK(over.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(
      std::string(MessageOf(over)),
      Catch::StartsWith("/jobs/1 holds the log of job \"job\", which has ended (interrupted)"));
}

TEST_CASE("Coordinator: only snapshots of a former life that no manifest names are removed") {
  InProcessNetwork network;
  MemoryFileSystem files;
  test::Peer server(&network);
  CoordinatorSetup setup = Setup("/model");
  setup.job_dir = "/jobs/1";
  const auto start = [&] {
    return StartCoordinator(setup, test::MakerOn(&network), &files).value();
  };
  ProcessId first, self;
  {
    const auto coordinator = start();
    server.Send(coordinator->address(), {kUnassignedProcess, 77}, {kCoordinatorProcess, 0},
                Hello{Role::kServer, server.address(), kKernelTarget});
    const MessagePtr welcome = server.Take<Welcome>();
    first = welcome->header.from;
    self = {BodyAs<Welcome>(*welcome)->process, 77};
  }
  const std::vector<std::string> others = {"p0", "p1", "penguin.snapshot", "p1-c2.snapshot"};
  for (const std::string& name : others) REQUIRE(files.OpenForAppend("/model/" + name).ok());
  REQUIRE(files.OpenForAppend("/model/p0-c1-t1-i1.snapshot").ok());
  const auto coordinator = start();
  server.Send(coordinator->address(), self, first, Heartbeat{});
  const ProcessId id = server.Take<Welcome>()->header.from;
  server.Send(coordinator->address(), self, id, Heartbeat{});
  coordinator->Stop(0, "finished");
  for (uint32_t i = 0; i < 2; ++i) {
    const MessagePtr message = server.Take<SnapshotRequest>();
    const SnapshotRequest& request = *BodyAs<SnapshotRequest>(*message);
    SnapshotDone done;
    done.checkpoint = request.checkpoint;
    done.partition = request.partition;
    done.term = request.term;
    done.file = Concat("p", request.partition);
    server.Send(coordinator->address(), self, id, done);
  }
  server.Take<JobEnd>();
  std::vector<std::string> left = files.List("/model").value();
  std::erase(left, "MANIFEST");
  CHECK(left == std::vector<std::string>{"p0", "p1", "p1-c2.snapshot", "penguin.snapshot"});
}

TEST_CASE("Coordinator: another job's log is not taken for this one's, nor a damaged one") {
  InProcessNetwork network;
  MemoryFileSystem files;
  test::Peer server(&network);
  CoordinatorSetup setup = Setup();
  setup.job_dir = "/jobs/1";
  const auto start = [&] {
    return StartCoordinator(setup, test::MakerOn(&network), &files).status();
  };
  {
    const auto coordinator = StartCoordinator(setup, test::MakerOn(&network), &files).value();
    server.Send(coordinator->address(), {kUnassignedProcess, 77}, {kCoordinatorProcess, 0},
                Hello{Role::kServer, server.address(), kKernelTarget});
    server.Take<Welcome>();  // By now the job is in the log.
  }
  setup.job.seed = 7;
  const absl::Status other = start();
  CHECK(other.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(other)), Catch::Contains("is another one than this"));
  const std::string path = JoinPath("/jobs/1", files.List("/jobs/1").value().back());
  REQUIRE(files.WriteFileAtomically(path, {}).ok());
  setup.job.seed = 1;
  const absl::Status damaged = start();
  CHECK(damaged.code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(MessageOf(damaged)), Catch::Contains(path));
}

TEST_CASE(
    "Coordinator: a log that cannot be written ends it, and nobody is told what is not kept") {
  InProcessNetwork network;
  MemoryFileSystem files;
  test::Peer server(&network);
  CoordinatorSetup setup = Setup();
  setup.job_dir = "/jobs/1";
  const auto coordinator = StartCoordinator(setup, test::MakerOn(&network), &files).value();
  while (coordinator->status().phase != JobPhase::kForming) {
  }
  files.Crash();  // The open log fails from now on.
  server.Send(coordinator->address(), {kUnassignedProcess, 77}, {kCoordinatorProcess, 0},
              Hello{Role::kServer, server.address(), kKernelTarget});
  const JobResult result = coordinator->Wait();
  CHECK(result.code == 1);
  CHECK_THAT(result.message, Catch::StartsWith("the job log cannot be written: "));
  CHECK(!server.Has<Welcome>());
}

TEST_CASE("Coordinator: what cannot work does not start") {
  InProcessNetwork network;
  MemoryFileSystem files;
  const auto error = [&](const CoordinatorSetup& setup) {
    return StartCoordinator(setup, test::MakerOn(&network), &files).status();
  };
  CoordinatorSetup setup = Setup();
  setup.job.partitions = 3;
  CHECK(error(setup).code() == absl::StatusCode::kInvalidArgument);
  setup = Setup();
  setup.job.init_dir = "/nothing";
  CHECK(error(setup).code() == absl::StatusCode::kNotFound);
  REQUIRE(files.CreateDirectories("/model").ok());
  REQUIRE(files.WriteFileAtomically("/model/MANIFEST", {}).ok());
  CHECK(error(Setup("/model")).code() == absl::StatusCode::kFailedPrecondition);
  setup = Setup();
  setup.job.init_dir = "/model";
  CHECK(error(setup).code() == absl::StatusCode::kDataLoss);  // Empty.
}

TEST_CASE("ReadManifest: a file that is missing or has another size is found") {
  MemoryFileSystem files;
  Manifest manifest;
  manifest.files = {{0, "p0", 4, 0, 1}};
  const std::string text = FormatManifest(manifest);
  REQUIRE(files.CreateDirectories("/model").ok());
  REQUIRE(files
              .WriteFileAtomically("/model/MANIFEST",
                                   std::as_bytes(std::span(text.data(), text.size())))
              .ok());
  const absl::Status incomplete = ReadManifest(&files, "/model").status();
  CHECK(incomplete.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(incomplete).starts_with("the model is incomplete: "));
  CHECK(MessageOf(incomplete).find("/model/p0") != std::string_view::npos);
  const std::byte bytes[4] = {};
  REQUIRE(files.WriteFileAtomically("/model/p0", std::span(bytes, 3)).ok());
  const absl::Status shorter = ReadManifest(&files, "/model").status();
  CHECK(shorter.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(shorter).find("/model/p0: 3 bytes") != std::string_view::npos);
  REQUIRE(files.WriteFileAtomically("/model/p0", bytes).ok());
  CHECK(ReadManifest(&files, "/model").ok());
}

TEST_CASE("Coordinator: refuses to listen for everybody unless told to") {
  Coordinator::Options options;
  options.job = Setup().job;
  options.listen = "tcp://0.0.0.0:0";
  CHECK(Coordinator::Start(options).status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cairn
