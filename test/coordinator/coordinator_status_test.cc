// What a coordinator tells of its job.
#include <catch2/catch.hpp>

#include "coordinator/coordinator_harness.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Catch::Contains;

TEST_CASE("CoordinatorCore: a status is given to anybody, under any name") {
  CoordinatorHarness harness(IdleOptions());
  harness.Receive({kUnassignedProcess, 999}, StatusRequest{}, 0);
  REQUIRE(harness.SentTo<StatusReply>(999) != nullptr);
  CHECK(harness.SentTo<StatusReply>(999)->status.phase == JobPhase::kIdle);
  CHECK(harness.SentTo<StatusReply>(999)->status.job.empty());
  CHECK(harness.state().index == 0);
  harness.Receive({kUnassignedProcess, 999}, StatusRequest{}, kSelf.incarnation + 1);
  CHECK(harness.SentTo<StatusReply>(999) == nullptr);  // For a former life.
}

TEST_CASE("CoordinatorCore: the status says what is waited for, in every phase") {
  CoordinatorHarness harness(IdleOptions());
  const auto waiting_for = [&] { return harness.core().status(harness.now).waiting_for; };
  harness.Tick(3 * kSecond);
  CHECK(waiting_for() == "a job for 3 s");
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.schedule.epochs = 1;
  options.given->plan.want_digest = true;
  harness.SubmitJob(301, *options.given);
  harness.Join(Role::kServer, 101);
  harness.Tick(2 * kSecond);
  CHECK(waiting_for() == "1 of 2 servers for 2 s");
  harness.Join(Role::kServer, 102);
  CHECK(waiting_for() == "1 of 1 worker for 2 s");
  harness.worker = harness.Join(Role::kWorker, 201);
  harness.Beat(harness.worker);
  CHECK(waiting_for().empty());
  harness.Report({0, 1}, 4);
  harness.Report({1, 1}, 4);
  CHECK(waiting_for() == "partition 0 of server 2 at sim://101, and 3 more partitions");
}

TEST_CASE("CoordinatorCore: the status lists members with what they use and hold") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.worker, Heartbeat{0, 0, 4, {1'000, 20, 30, 40}}, kSelf.incarnation);
  harness.now += 250 * kMicrosPerMilli;
  harness.Beat(harness.servers[0]);
  const JobStatus status = harness.core().status(harness.now);
  CHECK(status.member_count == 3);
  REQUIRE(status.members.size() == 3);
  CHECK(status.members[0].role == Role::kServer);
  CHECK(status.members[0].silent_ms == 0);
  const MemberStatus& worker = status.members[2];
  CHECK(worker.address == "sim://201");
  CHECK(worker.host == "h");
  CHECK(worker.pid == 201);
  CHECK(worker.silent_ms == 250);
  CHECK(worker.streams == 2);
  CHECK(worker.usage == ProcessUsage{1'000, 20, 30, 40});
}

TEST_CASE("CoordinatorCore: traffic of those who left counts on, with their last words") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  harness.Receive(harness.servers[0], Heartbeat{0, 0, 0, {0, 0, 5, 6, 1}}, kSelf.incarnation);
  harness.Receive(harness.worker, Heartbeat{0, 0, 0, {0, 0, 10, 20}}, kSelf.incarnation);
  harness.Receive(harness.worker, Goodbye{0, "", {0, 0, 100, 200, 3}}, kSelf.incarnation);
  CHECK(harness.core().status(harness.now).bytes_sent == 105);
  CHECK(harness.core().status(harness.now).bytes_received == 206);
  CHECK(harness.core().status(harness.now).frames_refused == 4);
  harness.core().Stop(130, "interrupted", harness.now, &harness.actions);
  harness.Receive(harness.servers[0], Goodbye{0, "", {0, 0, 7, 8}}, kSelf.incarnation);
  harness.Receive(harness.servers[1], Goodbye{}, kSelf.incarnation);
  REQUIRE(harness.core().finished());
  CHECK(harness.core().result().bytes_sent == 107);
  CHECK(harness.core().result().bytes_received == 208);
}

TEST_CASE("CoordinatorCore: the status of a job that is over says how it went") {
  auto options = OptionsOf(Consistency::kAsp);
  options.given->plan.schedule.epochs = 1;
  CoordinatorHarness harness(options);
  harness.Form();
  harness.Report({0, 1}, 4, 40);
  CHECK(!harness.core().status(harness.now).over());
  CHECK(harness.core().status(harness.now).batches_done == 4);
  CHECK(harness.core().status(harness.now).batches == 8);
  harness.Report({1, 1}, 4, 41);
  const JobStatus status = harness.core().status(harness.now);
  CHECK(status.over());
  CHECK(status.code == 0);
  CHECK_THAT(status.message, Contains("epoch"));
  CHECK(status.rows_trained == 81);
  CHECK(status.epochs_done == 1);
  REQUIRE(status.epochs_listed.size() == 1);
  CHECK(status.epochs_listed[0].rows == 81);
  CHECK(harness.core().status(harness.now, 1).epochs_listed.empty());
  CHECK(harness.core().status(harness.now, 7).epochs_listed.empty());
}

TEST_CASE("CoordinatorCore: a status lists so many members, and counts the others") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  for (uint64_t life = 1; life <= limits::kStatusMembersMax + 5; ++life) {
    harness.Join(Role::kReader, life);
  }
  const JobStatus status = harness.core().status(harness.now);
  CHECK(status.member_count == limits::kStatusMembersMax + 5);
  CHECK(status.members.size() == limits::kStatusMembersMax);
}

}  // namespace
}  // namespace cairn
