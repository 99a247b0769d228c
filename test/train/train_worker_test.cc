// The trainer's shell, with a coordinator that the test plays itself. Whole trainings:
// test/cluster/train_test.cc.
#include "train/train_worker.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "support/peer.h"
#include "temp_files.h"
#include "train/data_sample.h"
#include "train/model.h"
#include "train/program.h"

namespace cairn {
namespace {

constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};

class Harness {
 public:
  explicit Harness(const DeviceWish& device = {}) : coordinator_(&network_) {
    TrainWorker::Options options;
    options.device = device;
    options.coordinator = coordinator_.address();
    worker_ = TrainWorker::Start(options, test::MakerOn(&network_)).value();
    const MessagePtr hello = coordinator_.Take<Hello>();
    CHECK(BodyAs<Hello>(*hello)->role == Role::kWorker);
    address_ = BodyAs<Hello>(*hello)->address;
    self_ = {1, hello->header.from.incarnation};
  }
  void SendWelcome(const JobSpec& job) {
    Welcome welcome;
    welcome.process = 1;
    welcome.job = job;
    coordinator_.Send(address_, kCoordinator, {kUnassignedProcess, self_.incarnation}, welcome);
  }
  void Send(Body body) { coordinator_.Send(address_, kCoordinator, self_, std::move(body)); }
  // The worker's reason to end the job, which is repeated: the first one is "lost". Then answered.
  Goodbye TakeFailure() {
    coordinator_.Take<Goodbye>();
    const Goodbye bye = *BodyAs<Goodbye>(*coordinator_.Take<Goodbye>());
    Send(JobEnd{bye.code, bye.message});
    return bye;
  }
  test::Peer& coordinator() { return coordinator_; }
  TrainWorker& worker() { return *worker_; }

 private:
  InProcessNetwork network_;
  test::Peer coordinator_;
  std::string address_;
  ProcessId self_;
  std::unique_ptr<TrainWorker> worker_;
};

// A job of one epoch over this text, without servers.
JobSpec JobOver(const std::string& path) {
  const auto source = DataSource::Open({path}, {}).value();
  TrainProgram program;
  program.train = DefineData(*source, {.format = DataFormat::kLibffm, .batch_rows = 50}).value();
  program.schedule = {.epochs = 1, .batches_per_epoch = BatchCount(program.train)};
  JobSpec job;
  job.partitions = 2;
  job.tables = MakeModel(program.model).value()->tables();
  job.program = EncodeProgram(program).value();
  return job;
}

// The first batch of the job, to be trained now.
Grants FirstBatch() {
  Grant grant;
  grant.ref = {0, 1};
  grant.limit = 1;
  grant.work.last = 1;
  Grants grants;
  grants.index = 1;
  grants.grants = {grant};
  return grants;
}

// A heartbeat that offers room comes once the worker has opened its data.
void WaitUntilReady(Harness* harness) {
  while (BodyAs<Heartbeat>(*harness->coordinator().Take<Heartbeat>())->capacity == 0) {
  }
}

TEST_CASE("TrainWorker: offers room once it is set up, and pulls for what it is granted") {
  const TempFiles files;
  const JobSpec job = JobOver(files.Write("train", "1 0:1:1\n0 0:2:1\n"));
  Harness harness;
  harness.SendWelcome(job);
  WaitUntilReady(&harness);
  MapUpdate map;
  map.index = 1;
  map.opened = 1;
  map.partitions.assign(2, {1, kCoordinator});
  map.servers = {{kCoordinator, harness.coordinator().address()}};
  harness.Send(map);
  harness.Send(FirstBatch());
  const MessagePtr message = harness.coordinator().Take<Pull>();
  const Pull& pull = *BodyAs<Pull>(*message);
  CHECK(pull.kind == Pull::Kind::kTraining);
  CHECK(pull.ref == StreamRef{0, 1});
  CHECK(pull.step == 1);
}

TEST_CASE("TrainWorker: a row that cannot be parsed ends the job with its place") {
  const TempFiles files;
  const std::string path = files.Write("train", "1 0:1:1\n");
  JobSpec job = JobOver(path);
  files.Write("train", "1 0:1:?\n");
  // The same size and another fingerprint: as if it had been so when the job was made.
  const auto source = DataSource::Open({path}, {}).value();
  TrainProgram program = DecodeProgram(job.program).value();
  program.train.files = source->files();
  job.program = EncodeProgram(program).value();
  Harness harness;
  harness.SendWelcome(job);
  WaitUntilReady(&harness);
  harness.Send(FirstBatch());
  const Goodbye bye = harness.TakeFailure();
  CHECK(bye.code == 3);
  CHECK(bye.message.find("train:1:") != std::string::npos);
  CHECK(!harness.worker().Wait().ok());
}

TEST_CASE("TrainWorker: data that is not what the job was made for is refused") {
  const TempFiles files;
  const std::string path = files.Write("train", "1 0:1:1\n");
  const JobSpec job = JobOver(path);
  Harness harness;
  SECTION("changed") {
    files.Write("train", "0 0:1:1\n");
    harness.SendWelcome(job);
    CHECK(harness.TakeFailure().code == 3);
    const absl::Status status = harness.worker().Wait();
    CHECK(status.code() == absl::StatusCode::kNotFound);  // The code of data, not of options.
    CHECK(MessageOf(status).find(path + ": not the data") == 0);
  }
  SECTION("not visible here") {
    std::filesystem::remove(path);
    harness.SendWelcome(job);
    CHECK(harness.TakeFailure().code == 3);
    const absl::Status status = harness.worker().Wait();
    CHECK(status.code() == absl::StatusCode::kNotFound);
    CHECK(MessageOf(status) == path +
                                   ": cannot open the data file: No such file or directory; the "
                                   "job names its data by these paths, and every worker's machine "
                                   "needs it there");
  }
  SECTION("damaged on the way") {
    files.Write("train", Gzip("1 0:1:1\n").substr(0, 20));
    harness.SendWelcome(job);
    CHECK(harness.TakeFailure().code == 3);
    const absl::Status status = harness.worker().Wait();
    CHECK(status.code() == absl::StatusCode::kNotFound);  // Not that of a damaged model.
    CHECK(MessageOf(status).find("cut off") != std::string_view::npos);
  }
}

TEST_CASE("TrainWorker: another version's tables are refused") {
  const TempFiles files;
  JobSpec job = JobOver(files.Write("train", "1 0:1:1\n"));
  job.tables.pop_back();
  Harness harness;
  harness.SendWelcome(job);
  CHECK(harness.TakeFailure().code == 2);
  CHECK(MessageOf(harness.worker().Wait()).find("other tables") != std::string_view::npos);
}

TEST_CASE("TrainWorker: ends as the job ends") {
  const TempFiles files;
  Harness harness;
  harness.SendWelcome(JobOver(files.Write("train", "1 0:1:1\n")));
  harness.coordinator().Take<Heartbeat>();
  harness.Send(JobEnd{6, "diverged"});
  const absl::Status status = harness.worker().Wait();
  CHECK(status.code() == absl::StatusCode::kAborted);
  CHECK(MessageOf(status) == "diverged");
  CHECK(BodyAs<Goodbye>(*harness.coordinator().Take<Goodbye>())->code == 0);
}

TEST_CASE("TrainWorker: tells its coordinator when it is told to leave, and then has ended") {
  const TempFiles files;
  Harness harness;
  CHECK(harness.worker().Health().code() == absl::StatusCode::kUnavailable);
  harness.SendWelcome(JobOver(files.Write("train", "1 0:1:1\n")));
  WaitUntilReady(&harness);
  CHECK(harness.worker().Health() == absl::OkStatus());
  CHECK_FALSE(harness.worker().WaitFor(absl::ZeroDuration()));
  harness.worker().Leave();
  CHECK(harness.worker().Wait().code() == absl::StatusCode::kCancelled);
  CHECK(harness.worker().WaitFor(absl::ZeroDuration()));
  CHECK(BodyAs<Goodbye>(*harness.coordinator().Take<Goodbye>())->code == 0);
}

TEST_CASE("TrainWorker: needs a thread") {
  InProcessNetwork network;
  TrainWorker::Options options;
  options.threads = 0;
  CHECK(TrainWorker::Start(options, test::MakerOn(&network)).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("TrainWorker: a job whose model it does not have ends with a word to its user") {
  const TempFiles files;
  JobSpec job = JobOver(files.Write("train", "1 0:1:1\n0 0:2:1\n"));
  TrainProgram program = DecodeProgram(job.program).value();
  program.model.model = "somebodys";
  job.program = EncodeProgram(program).value();
  Harness harness;
  harness.SendWelcome(job);
  const Goodbye bye = harness.TakeFailure();
  CHECK(bye.code == 2);
  CHECK_THAT(bye.message, Catch::StartsWith("this worker has no model \"somebodys\""));
  harness.worker().Wait().IgnoreError();
}

TEST_CASE("TrainWorker: leaves a job whose arithmetic its machine does not have") {
  const TempFiles files;
  JobSpec job = JobOver(files.Write("train", "1 0:1:1\n0 0:2:1\n"));
  TrainProgram program = DecodeProgram(job.program).value();
  program.model.model = "mlp";
  program.model.hidden = "4";
  job.tables = MakeModel(program.model).value()->tables();
  program.model.gemm = "exact";
  job.program = EncodeProgram(program).value();
  Harness harness;
  harness.SendWelcome(job);
  CHECK(BodyAs<Goodbye>(*harness.coordinator().Take<Goodbye>())->code == 0);
  const absl::Status status = harness.worker().Wait();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(status)), Catch::Contains("pinned to exact arithmetic"));
}

// A job whose program says where it is computed.
JobSpec JobOn(const TempFiles& files, const std::string& device) {
  JobSpec job = JobOver(files.Write("train", "1 0:1:1\n0 0:2:1\n"));
  TrainProgram program = DecodeProgram(job.program).value();
  program.device = device;
  job.program = EncodeProgram(program).value();
  return job;
}

TEST_CASE("TrainWorker: leaves a job that is computed on what it was told not to use") {
  const TempFiles files;
  Harness harness({"cpu"});
  harness.SendWelcome(JobOn(files, kCudaDevice));
  CHECK(BodyAs<Goodbye>(*harness.coordinator().Take<Goodbye>())->code == 0);
  const absl::Status status = harness.worker().Wait();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::StartsWith("this job is computed on GPUs, and this worker was started with "
                               "--device cpu"));
}

TEST_CASE("TrainWorker: with a bound on memory it takes part as others do") {
  const TempFiles files;
  Harness harness({"auto", 10'000});
  harness.SendWelcome(JobOn(files, kAnyDevice));
  WaitUntilReady(&harness);
  CHECK(harness.worker().Health() == absl::OkStatus());
}

TEST_CASE("TrainWorker: a GPU that is not there is missed before anybody is asked") {
  InProcessNetwork network;
  TrainWorker::Options options;
  options.device.device = "cuda:255";
  CHECK(TrainWorker::Start(options, test::MakerOn(&network)).status().code() ==
        absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace cairn
