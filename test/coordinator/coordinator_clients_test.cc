// Programs of users when the job goes back to a checkpoint. With a cluster: test/cluster.
#include <catch2/catch.hpp>

#include "coordinator/checkpoint_harness.h"

namespace cairn {
namespace {

// A job without data, and two programs of it.
class Programs : public Job {
 public:
  explicit Programs(Consistency consistency) : Job(Plan(consistency)) {}

  static CoordinatorCore::Options Plan(Consistency consistency) {
    CoordinatorCore::Options options = WithCheckpoints(consistency);
    options.given->plan.schedule = {};
    return options;
  }
  void JoinBoth() { programs = {Join(Role::kClient, 301), Join(Role::kClient, 302)}; }
  void CommitAt(StepIndex step) {
    if (state().job.mode.consistency == Consistency::kBsp) Answer(Stage::kScanned, step);
    Commit();
  }
  void NextCheckpoint() {
    Pass(31 * kSecond, {servers[0], servers[1], programs[0], programs[1]});
    REQUIRE(state().taking.has_value());
  }
  void Progresses(size_t program, StepIndex step) {
    const auto& [id, stream] = StreamOf(program);
    Receive(programs[program], Progress{{id, stream.attempt}, step, 0, 0}, kSelf.incarnation);
  }
  std::pair<StreamId, StreamState> StreamOf(size_t program) const {
    for (const auto& each : state().streams) {
      if (each.second.worker == programs[program].process) return each;
    }
    return {};
  }
  void LoseAndReplaceServer() {
    LoseServer();
    Join(Role::kServer, 103);
  }

  std::vector<ProcessId> programs;
};

TEST_CASE("Programs: whoever is there has its stream again, as of the checkpoint") {
  const Consistency consistency = GENERATE(Consistency::kAsp, Consistency::kSsp, Consistency::kBsp);
  Programs job(consistency);
  job.CommitAt(0);
  job.JoinBoth();
  job.Progresses(1, 5);
  job.NextCheckpoint();
  job.CommitAt(5);
  job.Progresses(1, 80);
  const auto first = job.StreamOf(0), second = job.StreamOf(1);
  CHECK(second.second.progress == 80);
  job.LoseAndReplaceServer();
  REQUIRE(job.state().restored == 2);
  CHECK(job.StreamOf(0).first == first.first);
  CHECK(job.StreamOf(1).first == second.first);
  CHECK(job.StreamOf(1).second.attempt > second.second.attempt);
  const bool is_bsp = consistency == Consistency::kBsp;
  CHECK(job.StreamOf(1).second.progress == (is_bsp ? job.state().checkpoints.back().cut : 5));
  REQUIRE(job.SentTo<Grants>(302) != nullptr);  // All in one.
  CHECK(job.SentTo<Grants>(302)->rollback_index == job.state().rollback_index);
  REQUIRE(job.SentTo<Grants>(302)->grants.size() == 1);
  CHECK(job.SentTo<Grants>(302)->grants[0].base == job.StreamOf(1).second.progress);
}

TEST_CASE("Programs: who came after the checkpoint has the same stream, from its beginning") {
  const Consistency consistency = GENERATE(Consistency::kAsp, Consistency::kSsp, Consistency::kBsp);
  Programs job(consistency);
  job.CommitAt(0);
  job.JoinBoth();
  job.Progresses(1, 5);
  const auto first = job.StreamOf(0), second = job.StreamOf(1);
  job.LoseAndReplaceServer();
  REQUIRE(job.state().restored == 1);
  CHECK(job.StreamOf(0).first == first.first);
  CHECK(job.StreamOf(1).first == second.first);
  CHECK(job.StreamOf(1).second.progress == 0);
  CHECK(job.StreamOf(1).second.attempt > second.second.attempt);
  // What is opened later is another one.
  if (consistency == Consistency::kAsp) {
    job.Join(Role::kClient, 303);
    CHECK(job.state().streams.rbegin()->first == 2);
  }
}

TEST_CASE("Programs: in asp nobody waits for one that has gone") {
  Programs job(Consistency::kAsp);
  job.CommitAt(0);
  job.JoinBoth();
  job.NextCheckpoint();
  job.CommitAt(0);
  const StreamId left = job.StreamOf(0).first;
  job.Receive(job.programs[0], Goodbye{}, kSelf.incarnation);
  job.LoseAndReplaceServer();
  REQUIRE(job.state().restored == 2);
  CHECK(!job.state().streams.contains(left));
  CHECK(job.state().streams.size() == 1);
}

TEST_CASE("Programs: in bsp and ssp one that has left cannot push again, and the job ends") {
  const Consistency consistency = GENERATE(Consistency::kSsp, Consistency::kBsp);
  const bool in_time = GENERATE(true, false);
  Programs job(consistency);
  job.CommitAt(0);
  job.JoinBoth();
  job.NextCheckpoint();
  job.CommitAt(3);
  if (in_time) {
    job.LoseServer();
    CHECK(job.core().status(job.now).phase == JobPhase::kServing);
    job.Receive(job.programs[0], Goodbye{}, kSelf.incarnation);
    job.Join(Role::kServer, 103);
  } else {
    job.Receive(job.programs[0], Goodbye{}, kSelf.incarnation);
    job.LoseServer();
  }
  CHECK(job.core().status(job.now).phase == JobPhase::kFarewell);
  CHECK_THAT(job.state().end.message,
             Catch::Contains("was killed: its part of the model is lost") &&
                 Catch::Contains("a program has left"));
}

}  // namespace
}  // namespace cairn
