#include "cluster/job_handle.h"

#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "support/peer.h"

namespace cairn {
namespace {

// Ended before: its reports and its statuses are what a test plays.
class ScriptedCoordinator final : public RunningCoordinator {
 public:
  const std::string& address() const override { return address_; }
  JobStatus status(uint64_t epochs_from) override {
    JobStatus status;
    status.epochs_done = 5;
    for (uint64_t e = epochs_from; e < 5 && e < epochs_from + 2; ++e) {
      EpochRecord record;
      record.epoch = e;
      status.epochs_listed.push_back(record);
    }
    return status;
  }
  JobResult Wait() override { return {}; }
  bool WaitFor(std::chrono::milliseconds) const override { return true; }
  void Stop(int32_t code, const std::string&) override { stopped_with = code; }
  void ReportDeath(const MemberDead& report) override { dead = report; }

  int32_t stopped_with = 0;
  MemberDead dead;

 private:
  const std::string address_;
};

TEST_CASE("JobHandle: a status has all epochs, however many a coordinator lists at once") {
  ScriptedCoordinator coordinator;
  const auto job = HandleOf(&coordinator);
  const JobStatus status = job->status();
  REQUIRE(status.epochs_listed.size() == 5);
  for (uint64_t e = 0; e < 5; ++e) CHECK(status.epochs_listed[e].epoch == e);
}

TEST_CASE("JobHandle: passes on what is asked of it") {
  ScriptedCoordinator coordinator;
  const auto job = HandleOf(&coordinator);
  job->Stop(130, "interrupted");
  CHECK(coordinator.stopped_with == 130);
  job->ReportDeath("h", 7, "was killed");
  CHECK(coordinator.dead == MemberDead{"h", 7, "was killed"});
}

TEST_CASE("JobHandle: follows a coordinator of this process to its end") {
  InProcessNetwork network;
  MemoryFileSystem files;
  CoordinatorSetup setup;
  setup.job.name = "flights";
  setup.job.tables = {TableSpec{.name = "t"}};
  const auto coordinator = StartCoordinator(setup, test::MakerOn(&network), &files).value();
  const auto job = HandleOf(coordinator.get());
  CHECK(job->status().job == "flights");
  CHECK(job->status().phase == JobPhase::kForming);
  CHECK(!job->WaitFor(std::chrono::milliseconds(0)));
  job->Stop(130, "interrupted");
  CHECK(job->Wait().code == 130);
  CHECK(job->status().over());
}

}  // namespace
}  // namespace cairn
