#include <catch2/catch.hpp>
#include <string>

#include "coordinator/coordinator_harness.h"

// Every moment of many lives: the simulator's sweep, where coordinators die.

namespace cairn {
namespace {

constexpr uint64_t kNextLife = 6;

CoordinatorCore::Options After(const CoordinatorHarness& former) {
  CoordinatorCore::Options options;
  options.self = {kCoordinatorProcess, kNextLife};
  options.job_id = 0xDEF;
  options.resumed = former.state();
  return options;
}

TEST_CASE(
    "CoordinatorCore: goes on where a former life was, and tells whoever speaks to that one") {
  CoordinatorHarness former(OptionsOf(Consistency::kAsp));
  former.Form();
  former.Report({0, 1}, 2, 20);
  CoordinatorHarness next(After(former));
  CHECK(next.state().job_id == kJobId);
  CHECK(next.core().status(0).phase == JobPhase::kTraining);
  CHECK(next.core().status(0).rows == 20);
  next.Receive(former.worker, Heartbeat{0, 0, 4}, kSelf.incarnation);
  const Welcome* welcome = next.SentTo<Welcome>(201);
  REQUIRE(welcome != nullptr);
  CHECK(welcome->process == former.worker.process);
  CHECK(welcome->job_id == kJobId);
  // The attempt goes on: what it had told before is not counted again.
  next.Receive(former.worker, Progress{{0, 1}, 3, 30, 0}, kNextLife);
  CHECK(next.core().status(0).rows == 30);
  next.Receive({99, 999}, Heartbeat{0, 0, 4}, kSelf.incarnation);
  CHECK(next.actions.messages.empty());
}

TEST_CASE("CoordinatorCore: who does not come again after a former life is missed in time") {
  CoordinatorHarness former(OptionsOf(Consistency::kAsp));
  former.Form();
  CoordinatorHarness next(After(former));
  next.Tick(9 * kSecond);
  CHECK(next.state().members.size() == 3);
  next.Tick(2 * kSecond);
  CHECK(next.state().members.size() == 2);
  CHECK(next.state().streams.at(0).worker == 0);
}

TEST_CASE("CoordinatorCore: an evaluation of a former life is done again") {
  CoordinatorCore::Options options = OptionsOf(Consistency::kAsp);
  options.given->plan.evaluation_batches = 2;
  CoordinatorHarness former(std::move(options));
  former.Form();
  former.Report({0, 1}, 4);
  former.Report({1, 1}, 4);
  REQUIRE(former.core().status(0).phase == JobPhase::kEvaluating);
  const StreamId first = former.state().streams.begin()->first;
  CoordinatorHarness next(After(former));
  CHECK(next.core().status(0).phase == JobPhase::kEvaluating);
  REQUIRE(!next.state().streams.empty());
  CHECK(next.state().streams.begin()->first > first);
}

TEST_CASE("CoordinatorCore: whatever comes after an epoch of a former life comes now") {
  CoordinatorCore::Options options = OptionsOf(Consistency::kAsp);
  options.given->plan.want_digest = true;
  CoordinatorHarness former(std::move(options));
  former.Form();
  for (const StreamId stream : {0, 1, 2, 3}) former.Report({stream, 1}, 4, 7);
  REQUIRE(former.core().status(0).phase == JobPhase::kSaving);
  CoordinatorHarness next(After(former));
  CHECK(next.core().status(0).phase == JobPhase::kSaving);
  CHECK(next.SentTo<SnapshotRequest>(101) != nullptr);
}

// Answers whatever snapshots are asked for.
void Answer(CoordinatorHarness* harness, uint64_t life) {
  for (uint32_t p = 0; p < 4; ++p) {
    SnapshotDone done;
    done.checkpoint = harness->state().checkpoint;
    done.partition = p;
    done.term = 1;
    done.file = "p" + std::to_string(p) + "-c" + std::to_string(done.checkpoint);
    harness->Receive(harness->state().partitions[p].primary, done, life);
  }
}

TEST_CASE("CoordinatorCore: a best epoch that a former life has kept is the model") {
  CoordinatorCore::Options options = OptionsOf(Consistency::kBsp);
  options.given->plan.evaluation_batches = 1;
  options.given->plan.stop.patience = 2;
  options.given->plan.save_dir = "/model";
  CoordinatorHarness former(std::move(options));
  former.Form();
  const auto end_epoch = [](CoordinatorHarness* harness, uint64_t life, StepIndex last,
                            float score) {
    for (const StreamId stream : {0, 1}) {
      const uint32_t attempt = harness->state().streams.at(stream).attempt;
      harness->Receive({3, 201}, Progress{{stream, attempt}, last, 0, 0}, life);
    }
    const StreamId evaluation = harness->state().streams.rbegin()->first;
    harness->Receive({3, 201}, EvaluationResult{{evaluation, 1}, 1, {score, 0}, {1, 0}}, life);
  };
  end_epoch(&former, kSelf.incarnation, 4, 1);
  REQUIRE(former.state().checkpoint == 1);
  // It dies before all are there: the next life takes others, and they are kept.
  CoordinatorHarness next(After(former));
  CHECK(next.state().checkpoint == 2);
  Answer(&next, kNextLife);
  CHECK(next.state().kept.epoch == 1);
  CHECK(next.state().streams.at(0).limit == 8);
  // It dies in the second epoch, which is worse, and the last.
  CoordinatorHarness last(After(next));
  CHECK(last.state().checkpoint == 2);
  end_epoch(&last, kNextLife, 8, -1);
  REQUIRE(last.actions.manifest.has_value());
  CHECK_THAT(last.actions.manifest->text, Catch::Contains("p3-c2"));
}

TEST_CASE("CoordinatorCore: programs push on after a former life, and all of that is saved") {
  CoordinatorCore::Options options = OptionsOf(Consistency::kAsp);
  options.given->plan.schedule = {};
  options.given->plan.save_dir = "/model";
  CoordinatorHarness former(std::move(options));
  former.Form();
  former.core().Stop(0, "finished", 0, &former.actions);
  REQUIRE(former.state().checkpoint == 1);
  CoordinatorHarness next(After(former));
  CHECK(next.core().status(0).phase == JobPhase::kServing);
  next.core().Stop(0, "finished", 0, &next.actions);
  CHECK(next.state().checkpoint == 2);
  Answer(&next, kNextLife);
  REQUIRE(next.actions.manifest.has_value());
  // Once they are all there, nothing is left but the end.
  CoordinatorHarness last(After(next));
  REQUIRE(last.actions.manifest.has_value());
  CHECK_THAT(last.actions.manifest->text, Catch::Contains("p0-c2"));
}

TEST_CASE("CoordinatorCore: the end of a former life is told by the next one, whole") {
  CoordinatorHarness former(OptionsOf(Consistency::kAsp));
  former.Form();
  former.core().Stop(130, "interrupted", 0, &former.actions);
  CoordinatorHarness next(After(former));
  REQUIRE(next.SentTo<JobEnd>(201) != nullptr);
  CHECK(next.SentTo<JobEnd>(201)->code == 130);
  CHECK(next.core().result().code == 130);
  CHECK(next.core().result().message == "interrupted");
  CHECK(!next.core().finished());
  for (const ProcessId& member : {former.servers[0], former.servers[1], former.worker}) {
    next.Receive(member, Goodbye{}, kNextLife);
  }
  CHECK(next.core().finished());
}

}  // namespace
}  // namespace cairn
