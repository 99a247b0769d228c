// Members and the forming of the cluster.
#include <catch2/catch.hpp>

#include "coordinator/coordinator_harness.h"

namespace cairn {
namespace {

TEST_CASE("CoordinatorCore: places partitions when all servers are there, trains with workers") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  CHECK(harness.state().partitions.empty());
  harness.Join(Role::kServer, 102);
  REQUIRE(harness.state().partitions.size() == 4);
  CHECK(harness.state().partitions[0].primary.incarnation == 101);
  CHECK(harness.state().partitions[3].primary.incarnation == 102);
  CHECK(harness.state().opened == 0);
  const ProcessId worker = harness.Join(Role::kWorker, 201);
  CHECK(harness.state().opened == 2);  // Eight batches, four a stream.
  CHECK(harness.SentTo<MapUpdate>(101) != nullptr);
  harness.Beat(worker);
  const Grants* grants = harness.SentTo<Grants>(201);
  REQUIRE(grants != nullptr);
  REQUIRE(grants->grants.size() == 2);
  CHECK(grants->grants[1].work.first_batch == 4);
}

TEST_CASE("CoordinatorCore: every decision is a record with the next index") {
  CoordinatorHarness harness(OptionsOf(Consistency::kBsp));
  uint64_t index = 0;
  const auto follows = [&] {
    CHECK(harness.actions.log.first_index == index + 1);
    index += harness.actions.log.records.size();
  };
  follows();
  CHECK(index == 1);
  harness.Join(Role::kServer, 101);
  follows();
  harness.Join(Role::kServer, 102);
  follows();
  CHECK(index == harness.state().index);
}

TEST_CASE("CoordinatorCore: a hello that is repeated makes no second member") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  const ProcessId once = harness.Join(Role::kServer, 101);
  CHECK(harness.Join(Role::kServer, 101) == once);
  CHECK(harness.state().members.size() == 1);
}

TEST_CASE("CoordinatorCore: who was taken for dead and was not keeps its number") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Pass(11 * kSecond, harness.servers);
  REQUIRE(!harness.state().members.contains(harness.worker.process));
  const ProcessId back =
      harness.Join(Role::kWorker, harness.worker.incarnation, harness.worker.process);
  CHECK(back == harness.worker);
  harness.Beat(back);
  CHECK(harness.SentTo<Grants>(201)->grants.size() == 2);
}

TEST_CASE("CoordinatorCore: a late copy of a first hello does not rename who comes back") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Pass(11 * kSecond, harness.servers);
  const ProcessId late = harness.Join(Role::kWorker, harness.worker.incarnation);
  CHECK(late.process != harness.worker.process);
  // The worker has heard of one number only, and goes by it.
  CHECK(harness.Join(Role::kWorker, harness.worker.incarnation, harness.worker.process) ==
        harness.worker);
  CHECK(!harness.state().members.contains(late.process));
  harness.Beat(harness.worker);
  CHECK(harness.SentTo<Grants>(201)->grants.size() == 2);
}

TEST_CASE("CoordinatorCore: a job that is finished before its servers came is saved all the same") {
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.schedule.epochs = 0;
  options.given->plan.save_dir = "/model";
  CoordinatorHarness harness(options);
  harness.Join(Role::kServer, 101);
  harness.core().Stop(0, "finished", harness.now, &harness.actions);
  CHECK(!harness.state().ended);
  harness.Join(Role::kServer, 102);
  REQUIRE(harness.SentTo<SnapshotRequest>(102) != nullptr);
  CHECK(harness.SentTo<SnapshotRequest>(102)->directory == "/model");
}

TEST_CASE("CoordinatorCore: who comes when the job is over hears why it ended") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Goodbye{3, "rows.txt:7:3: not a number"}, kSelf.incarnation);
  harness.Join(Role::kClient, 301);
  const JobEnd* end = harness.SentTo<JobEnd>(301);
  REQUIRE(end != nullptr);
  CHECK(end->message == "this job has ended: rows.txt:7:3: not a number");
}

TEST_CASE("CoordinatorCore, bsp: other arithmetic is refused") {
  CoordinatorHarness harness(OptionsOf(Consistency::kBsp));
  harness.Join(Role::kServer, 101, kUnassignedProcess, "other-9");
  CHECK(harness.state().members.empty());
  REQUIRE(harness.SentTo<JobEnd>(101) != nullptr);
  CHECK(harness.SentTo<JobEnd>(101)->code == 2);
}

TEST_CASE("CoordinatorCore: is deaf to what is meant for a former life, and to strangers") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Progress{{0, 1}, 2, 0, 0}, kSelf.incarnation + 1);
  CHECK(harness.state().streams.at(0).progress == 0);
  harness.Receive({harness.worker.process, 999}, Progress{{0, 1}, 2, 0, 0}, kSelf.incarnation);
  CHECK(harness.state().streams.at(0).progress == 0);
}

}  // namespace
}  // namespace cairn
