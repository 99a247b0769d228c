// Who is let in, who is struck off, and how a coordinator gets its job.
#include <catch2/catch.hpp>

#include "base/status.h"
#include "coordinator/coordinator_harness.h"

namespace cairn {
namespace {

using Catch::Contains;

JobDefinition Job(Consistency consistency = Consistency::kAsp) {
  return *OptionsOf(consistency).given;
}

// ---- A coordinator without a job --------------------------------------------------------------

TEST_CASE("CoordinatorCore, idle: members are told to wait, and nothing is recorded for them") {
  CoordinatorHarness harness(IdleOptions());
  CHECK(harness.actions.log.empty());
  harness.Join(Role::kServer, 101);
  REQUIRE(harness.SentTo<Wait>(101) != nullptr);
  CHECK_THAT(harness.SentTo<Wait>(101)->text, Contains("waits for a job"));
  CHECK(harness.state().index == 0);
  CHECK(harness.core().status(0).phase == JobPhase::kIdle);
  harness.SubmitJob(301, Job());
  harness.Join(Role::kServer, 101);
  CHECK(harness.SentTo<Welcome>(101) != nullptr);
}

TEST_CASE("CoordinatorCore, idle: a submitted job runs as a given one, its submitter a member") {
  CoordinatorHarness harness(IdleOptions());
  harness.now += 100 * kSecond;  // More than form_timeout: it begins with the job.
  JobDefinition job = Job();
  job.spec.init_dir = "/old";
  job.plan.save_dir = "/new";
  harness.Receive({kUnassignedProcess, 301}, Submit{harness.HelloOf(Role::kSubmitter, 301), job},
                  0);
  REQUIRE(harness.actions.open_job.has_value());
  CHECK(harness.actions.open_job->init_dir == "/old");
  CHECK(harness.actions.open_job->save_dir == "/new");
  CHECK(harness.SentTo<Welcome>(301) == nullptr);
  harness.Opened(OpenedDirectories{{{"/old/p0", 7}}});
  REQUIRE(!harness.actions.log.empty());
  CHECK(std::get<JobCreated>(harness.actions.log.records[0]).id == kJobId);
  REQUIRE(harness.SentTo<Welcome>(301) != nullptr);
  CHECK(harness.SentTo<Welcome>(301)->job_id == kJobId);
  CHECK(harness.SentTo<Welcome>(301)->init_files.size() == 1);
  CHECK(harness.state().members.at(1).role == Role::kSubmitter);
  harness.Tick(kSecond);
  CHECK(!harness.state().ended);
  harness.Form();
  CHECK(harness.core().status(0).phase == JobPhase::kTraining);
  // It neither pulls nor pushes: maps and grants are not for it.
  CHECK(harness.SentTo<MapUpdate>(301) == nullptr);
  harness.Beat({1, 301});
  CHECK(harness.SentTo<MapUpdate>(301) == nullptr);
}

TEST_CASE("CoordinatorCore, idle: a submit that is repeated is answered again, and opens nothing") {
  CoordinatorHarness harness(IdleOptions());
  const Submit submit{harness.HelloOf(Role::kSubmitter, 301), Job()};
  harness.Receive({kUnassignedProcess, 301}, submit, 0);
  harness.Receive({kUnassignedProcess, 301}, submit, 0);
  CHECK(!harness.actions.open_job.has_value());  // The shell is at it.
  harness.Opened(OpenedDirectories{});
  const uint64_t index = harness.state().index;
  harness.Receive({kUnassignedProcess, 301}, submit, 0);
  CHECK(harness.SentTo<Welcome>(301) != nullptr);
  CHECK(harness.state().index == index);
}

TEST_CASE("CoordinatorCore: a second job is refused, whether the first has begun or not") {
  CoordinatorHarness harness(IdleOptions());
  const auto refusal = [&](uint64_t life) {
    JobDefinition other = Job();
    other.spec.name = "other";
    harness.Receive({kUnassignedProcess, life},
                    Submit{harness.HelloOf(Role::kSubmitter, life), other}, 0);
    CHECK(!harness.actions.open_job.has_value());
    const JobEnd* end = harness.SentTo<JobEnd>(life);
    return end == nullptr ? JobEnd{} : *end;
  };
  JobDefinition job = Job();
  job.spec.name = "flights";
  harness.Receive({kUnassignedProcess, 301}, Submit{harness.HelloOf(Role::kSubmitter, 301), job},
                  0);
  CHECK(refusal(302).code == 2);
  harness.Opened(OpenedDirectories{});
  CHECK(refusal(302).code == 2);
  CHECK_THAT(refusal(302).message, Contains("runs job \"flights\" already"));
  harness.core().Stop(130, "interrupted", harness.now, &harness.actions);
  CHECK(refusal(302).code == 5);
  CHECK_THAT(refusal(302).message, Contains("has ended: interrupted"));
}

TEST_CASE("CoordinatorCore, idle: a job that cannot be run is refused, a better one is taken") {
  CoordinatorHarness harness(IdleOptions());
  JobDefinition job = Job();
  job.spec.partitions = 3;
  harness.SubmitJob(301, job);
  REQUIRE(harness.SentTo<JobEnd>(301) != nullptr);
  CHECK(harness.SentTo<JobEnd>(301)->code == 2);
  CHECK_THAT(harness.SentTo<JobEnd>(301)->message, Contains("partitions is 3"));
  job = Job();
  job.plan.lease_batches = 0;
  harness.SubmitJob(302, job);
  CHECK_THAT(harness.SentTo<JobEnd>(302)->message, Contains("lease_batches"));
  harness.Receive({kUnassignedProcess, 303}, Submit{harness.HelloOf(Role::kSubmitter, 303), Job()},
                  0);
  harness.Opened(NotFound("no saved model in /old"));
  CHECK(harness.SentTo<JobEnd>(303)->code == 3);
  CHECK(harness.SentTo<JobEnd>(303)->message == "no saved model in /old");
  CHECK(harness.state().index == 0);
  CHECK(harness.SubmitJob(304, Job()).process == 1);
}

TEST_CASE("CoordinatorCore, idle: without a job it ends, and those who wait hear why") {
  CoordinatorHarness harness(IdleOptions());
  harness.Join(Role::kWorker, 201);
  harness.Tick(599 * kSecond);
  CHECK(!harness.state().ended);
  harness.Tick(kSecond);
  CHECK(harness.core().result().code == 5);
  CHECK(harness.core().result().message == "no job was submitted within 600 s");
  CHECK(!harness.core().finished());
  harness.Join(Role::kWorker, 201);
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
  CHECK_THAT(harness.SentTo<JobEnd>(201)->message, Contains("no job was submitted"));
  harness.Tick(5 * kSecond);
  CHECK(harness.core().finished());
}

TEST_CASE("CoordinatorCore: a member that says hello again is answered under its new name") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  const ProcessId server = harness.Join(Role::kServer, 101);
  const auto welcomed_as = [&] {
    for (const Outgoing& out : harness.actions.messages) {
      if (BodyAs<Welcome>(*out.message) != nullptr) return out.message->header.to;
    }
    return ProcessId{};
  };
  CHECK(welcomed_as() == ProcessId{kUnassignedProcess, 101});
  // The way on which it came first may be gone: only the new one is known under this name.
  harness.Receive(server, harness.HelloOf(Role::kServer, 101), 0);
  CHECK(welcomed_as() == server);
}

TEST_CASE("CoordinatorCore: who asked before there was a job, and joined, is not waited for") {
  const bool one_stays_away = GENERATE(false, true);
  CoordinatorHarness harness(IdleOptions());
  for (const uint64_t life : {101u, 102u, 201u}) {
    harness.Receive({kUnassignedProcess, life},
                    harness.HelloOf(life < 200 ? Role::kServer : Role::kWorker, life), 0);
    REQUIRE(harness.SentTo<Wait>(life) != nullptr);
  }
  if (one_stays_away) {
    harness.Receive({kUnassignedProcess, 202}, harness.HelloOf(Role::kWorker, 202), 0);
  }
  const ProcessId submitter = harness.SubmitJob(301, Job());
  harness.Form();
  harness.Receive(submitter, MemberDead{"h", 102, "was killed by signal 9"}, kSelf.incarnation);
  REQUIRE(harness.state().ended);
  for (const uint32_t pid : {101u, 201u}) {
    harness.Receive(submitter, MemberDead{"h", pid, "ended"}, kSelf.incarnation);
  }
  harness.Receive(submitter, Goodbye{}, kSelf.incarnation);
  // Somebody who was told to wait, and has not come, is to hear of the end too.
  CHECK(harness.core().finished() == !one_stays_away);
}

// ---- Submitters ---------------------------------------------------------------------------------

TEST_CASE("CoordinatorCore: a submitter stops its job, nobody else does") {
  CoordinatorHarness harness(IdleOptions());
  const ProcessId submitter = harness.SubmitJob(301, Job());
  harness.Form();
  harness.Receive(harness.worker, StopJob{130, "not mine"}, kSelf.incarnation);
  harness.Receive(harness.worker, MemberDead{"h", 101, "not mine"}, kSelf.incarnation);
  CHECK(!harness.state().ended);
  harness.Receive(submitter, StopJob{130, "interrupted"}, kSelf.incarnation);
  CHECK(harness.state().end.code == 130);
  CHECK(harness.SentTo<JobEnd>(301) != nullptr);
}

TEST_CASE("CoordinatorCore: the job ends with its submitter") {
  CoordinatorHarness harness(IdleOptions());
  const ProcessId submitter = harness.SubmitJob(301, Job());
  harness.Form();
  const std::vector<ProcessId> others = {harness.servers[0], harness.servers[1], harness.worker};
  SECTION("it leaves with an error") {
    harness.Receive(submitter, Goodbye{130, "interrupted", {}}, kSelf.incarnation);
    CHECK(harness.state().end.code == 130);
    CHECK(harness.SentTo<JobEnd>(301) != nullptr);
  }
  SECTION("it is lost") {
    harness.Pass(60 * kSecond, others);
    CHECK(!harness.state().ended);
    harness.Pass(kSecond, others);
    CHECK(harness.state().end.code == 1);
    CHECK_THAT(harness.state().end.message, Contains("submitter 1 at sim://301 (h, pid 301) has "
                                                     "been silent for 60 s"));
  }
  SECTION("but not if it leaves in peace") {
    harness.Receive(submitter, Goodbye{}, kSelf.incarnation);
    harness.Pass(70 * kSecond, others);
    CHECK(!harness.state().ended);
  }
}

TEST_CASE("CoordinatorCore: a worker that is known to be dead gives its streams up at once") {
  CoordinatorHarness harness(IdleOptions());
  const ProcessId submitter = harness.SubmitJob(301, Job());
  harness.Form();
  const ProcessId second = harness.Join(Role::kWorker, 202);
  harness.Beat(second);
  REQUIRE(harness.state().streams.at(0).worker == harness.worker.process);
  harness.Receive(submitter, MemberDead{"elsewhere", 201, "was killed"}, kSelf.incarnation);
  CHECK(harness.state().streams.at(0).worker == harness.worker.process);
  harness.Receive(submitter, MemberDead{"h", 201, "was killed"}, kSelf.incarnation);
  CHECK(harness.state().streams.at(0).worker == second.process);
  CHECK(harness.state().streams.at(0).attempt == 2);
  CHECK(!harness.state().members.contains(harness.worker.process));
  CHECK(harness.core().status(harness.now).workers_lost == 1);
}

TEST_CASE("CoordinatorCore: a server that is known to be dead ends the job with the reason") {
  CoordinatorHarness harness(IdleOptions());
  const ProcessId submitter = harness.SubmitJob(301, Job());
  harness.Join(Role::kServer, 103);
  harness.Receive(submitter, MemberDead{"h", 103, "was killed by signal 9"}, kSelf.incarnation);
  CHECK(!harness.state().ended);  // It held nothing yet: another one may take its place.
  harness.Form();
  harness.Receive(submitter, MemberDead{"h", 102, "was killed by signal 9"}, kSelf.incarnation);
  CHECK(harness.state().end.code == 1);
  CHECK_THAT(harness.state().end.message,
             Contains("sim://102 (h, pid 102) was killed by signal 9"));
  // Who died in the farewell need not be waited for.
  for (const uint32_t pid : {101u, 201u}) {
    harness.Receive(submitter, MemberDead{"h", pid, "ended"}, kSelf.incarnation);
  }
  CHECK(harness.state().members.size() == 1);
  harness.Receive(submitter, Goodbye{}, kSelf.incarnation);
  CHECK(harness.core().finished());
}

// ---- Jobs at one address ------------------------------------------------------------------------

TEST_CASE("CoordinatorCore: a member of a former job at this address is turned away") {
  // A coordinator was started anew at the address of another one, whose worker is still there and
  // introduces itself again, with the map and the streams of the job that is lost.
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Join(Role::kServer, 101);
  Hello hello = harness.HelloOf(Role::kWorker, 201);
  hello.job_id = 0xDEF;
  hello.job_name = "flights";
  harness.Receive({1, 201}, hello, 0);
  CHECK(harness.state().members.size() == 1);
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
  CHECK(harness.SentTo<JobEnd>(201)->code == 5);
  CHECK_THAT(harness.SentTo<JobEnd>(201)->message,
             Contains("runs job \"job\" (id 0000000000000abc)") &&
                 Contains("is of job \"flights\" (id 0000000000000def)"));
}

TEST_CASE("CoordinatorCore, idle: a member or a submitter of a former job is turned away") {
  CoordinatorHarness harness(IdleOptions());
  Hello hello = harness.HelloOf(Role::kWorker, 201);
  hello.job_id = 0xDEF;
  harness.Receive({1, 201}, hello, 0);
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
  CHECK_THAT(harness.SentTo<JobEnd>(201)->message, Contains("waits for a job"));
  Submit submit{harness.HelloOf(Role::kSubmitter, 301), Job()};
  submit.hello.job_id = 0xDEF;
  harness.Receive({2, 301}, submit, 0);
  REQUIRE(harness.SentTo<JobEnd>(301) != nullptr);
  CHECK(!harness.actions.open_job.has_value());
}

TEST_CASE("CoordinatorCore: who wants another job is told which one runs here") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  Hello hello = harness.HelloOf(Role::kWorker, 201);
  hello.job_name = "flights";
  harness.Receive({kUnassignedProcess, 201}, hello, 0);
  CHECK(harness.state().members.empty());
  REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
  CHECK(harness.SentTo<JobEnd>(201)->code == 2);
  CHECK_THAT(harness.SentTo<JobEnd>(201)->message,
             Contains("runs job \"job\", not job \"flights\""));
  hello.job_name = "job";
  harness.Receive({kUnassignedProcess, 201}, hello, 0);
  CHECK(harness.SentTo<Welcome>(201) != nullptr);
}

TEST_CASE("CoordinatorCore: an error of a member that is repeated is answered again") {
  CoordinatorHarness harness(OptionsOf(Consistency::kAsp));
  harness.Form();
  for (int i = 0; i < 2; ++i) {
    harness.Receive(harness.worker, Goodbye{3, "rows.txt:7", {}}, kSelf.incarnation);
    REQUIRE(harness.SentTo<JobEnd>(201) != nullptr);
    CHECK(harness.SentTo<JobEnd>(201)->message == "rows.txt:7");
  }
}

TEST_CASE("CoordinatorCore: one that stood still takes nobody for dead because of that") {
  CoordinatorHarness job(OptionsOf(Consistency::kAsp));
  job.Form();
  job.StandStill(300 * kSecond);
  CHECK(job.state().members.size() == 3);
  CHECK(!job.state().ended);
  job.StandStill(300 * kSecond);
  CHECK(job.state().members.size() == 3);
  job.Beat(job.servers[0]);
  job.Beat(job.servers[1]);
  job.Pass(11 * kSecond, job.servers);  // The worker does not say anything now either.
  CHECK(job.state().members.size() == 2);
}

}  // namespace
}  // namespace cairn
