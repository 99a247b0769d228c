// Servers that are told to leave while the job goes on. Every moment of many lives: the simulator's
// sweep, where some are.
#include <catch2/catch.hpp>

#include "coordinator/checkpoint_harness.h"

namespace cairn {
namespace {

// Servers that are told to leave.
class Leave : public Job {
 public:
  using Job::Job;

  void Asks(const ProcessId& server) {
    Heartbeat beat;
    beat.leaving = true;
    Receive(server, beat, kSelf.incarnation);
  }
  bool IsMember(const ProcessId& server) const { return state().members.contains(server.process); }
};

TEST_CASE("Leave: a checkpoint is taken at once, and the job goes on from that one") {
  Leave job;
  job.Commit();
  job.Wait(kSecond);
  job.Report({0, 1}, 2, 20);
  job.Asks(job.servers[1]);
  REQUIRE(job.state().taking.has_value());
  CHECK(job.state().taking->id == 2);
  CHECK(job.SentTo<SnapshotRequest>(101) != nullptr);
  CHECK(job.SentTo<JobEnd>(102) == nullptr);
  job.Asks(job.servers[1]);  // It says so again and again.
  CHECK(job.IsMember(job.servers[1]));
  job.Commit();
  CHECK(!job.IsMember(job.servers[1]));
  REQUIRE(job.SentTo<JobEnd>(102) != nullptr);
  CHECK(job.SentTo<JobEnd>(102)->code == 0);
  CHECK(job.SentTo<JobEnd>(101) == nullptr);
  job.Asks(job.servers[1]);  // It has not heard it.
  REQUIRE(job.SentTo<JobEnd>(102) != nullptr);
  CHECK(job.SentTo<JobEnd>(102)->code == 0);
  // Another one, and all is as it was when the first one went.
  job.Join(Role::kServer, 103);
  CHECK(job.state().restored == 2);
  CHECK(job.state().streams.at(0).progress == 2);
  CHECK(job.state().rows_total == 20);
}

TEST_CASE("Leave: one in its place is let in before, and has nothing to wait for") {
  Leave job;
  job.Commit();
  job.Asks(job.servers[1]);
  const ProcessId next = job.Join(Role::kServer, 103);
  CHECK(job.IsMember(next));
  job.Commit();
  CHECK(job.state().restored == 2);
  for (const PartitionEntry& entry : job.state().partitions) {
    CHECK((entry.primary == next || entry.primary == job.servers[0]));
  }
}

TEST_CASE("Leave: whoever is not needed, or could not be waited for, goes at once") {
  Leave job;
  job.Commit();
  job.LoseServer();  // 102: what the other one has will be taken back.
  job.Asks(job.servers[0]);
  CHECK(job.SentTo<JobEnd>(101) != nullptr);
  CHECK(!job.IsMember(job.servers[0]));
  CHECK(job.core().status(job.now).phase == JobPhase::kTraining);
}

TEST_CASE("Leave: without checkpoints it is the end of the job") {
  Leave job(OptionsOf(Consistency::kAsp));
  job.Asks(job.servers[1]);
  REQUIRE(job.SentTo<JobEnd>(101) != nullptr);
  CHECK(job.SentTo<JobEnd>(101)->code == 1);
  CHECK_THAT(job.SentTo<JobEnd>(101)->message,
             Catch::Contains("was told to leave before the job was over"));
  CHECK(job.SentTo<JobEnd>(102)->code == 0);
}

TEST_CASE("Leave: while the model is saved everybody is needed") {
  CoordinatorCore::Options options = WithCheckpoints(Consistency::kAsp);
  options.given->plan.want_digest = true;
  Leave job(options);
  job.Commit();
  job.core().Stop(0, "enough", job.now, &job.actions);
  REQUIRE(job.core().status(job.now).phase == JobPhase::kSaving);
  job.Asks(job.servers[1]);
  CHECK(job.SentTo<JobEnd>(102) == nullptr);
  CHECK(job.IsMember(job.servers[1]));
}

TEST_CASE("Leave: a checkpoint that is given up is tried again") {
  Leave job(Consistency::kBsp);
  job.Answer(Stage::kScanned, 0);
  job.Answer(Stage::kWritten);
  REQUIRE(job.actions.manifest.has_value());
  job.core().ManifestWritten(1, {}, job.now, &job.actions);
  job.Asks(job.servers[1]);
  REQUIRE(job.state().taking.has_value());
  job.Answer(Stage::kScanned, 0);
  job.AnswerOf(0, Stage::kPassed);
  CHECK(!job.state().taking.has_value());
  CHECK(job.IsMember(job.servers[1]));
  job.Tick(kSecond / 10);
  CHECK(job.state().taking.has_value());
}

}  // namespace
}  // namespace cairn
