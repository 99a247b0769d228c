#include "cluster/submitter_core.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};
constexpr uint64_t kLife = 77;
constexpr uint64_t kJobId = 99;
constexpr Micros kSecond = kMicrosPerSecond;

// A submitter, and what it sent in the last call.
class Harness {
 public:
  Harness() : core(Options()) { core.Start(0, &out); }

  static MemberCore::Options Options() {
    MemberCore::Options options;
    options.incarnation = kLife;
    options.coordinator_address = "sim://0";
    auto job = std::make_shared<JobDefinition>();
    job->spec.name = "flights";
    options.submit = job;
    return options;
  }
  void Receive(Body body) {
    out.clear();
    core.Receive(*MakeMessage({kCoordinator, {1, kLife}, 0, 0}, std::move(body)), now, &out);
  }
  void Welcomed() {
    Welcome welcome;
    welcome.process = 1;
    welcome.job_id = kJobId;
    Receive(welcome);
  }
  void Reply(JobStatus status) {
    status.job_id = kJobId;
    Receive(StatusReply{std::move(status)});
  }
  // Until it sends a request.
  void Poll() {
    do {
      now = core.next_tick();
      out.clear();
      core.Tick(now, &out);
    } while (Sent<StatusRequest>() == nullptr && !core.finished());
  }
  template <typename T>
  const T* Sent() const {
    for (const Outgoing& sent : out) {
      if (const T* body = BodyAs<T>(*sent.message); body != nullptr) return body;
    }
    return nullptr;
  }

  SubmitterCore core;
  Outbox out;
  Micros now = 0;
};

std::vector<EpochRecord> Epochs(uint64_t from, uint64_t count) {
  std::vector<EpochRecord> epochs(count);
  for (uint64_t i = 0; i < count; ++i) epochs[i].epoch = from + i;
  return epochs;
}

JobStatus Over() {
  JobStatus status;
  status.phase = JobPhase::kFarewell;
  status.member_count = 1;
  status.message = "2 epochs are done";
  status.rows_trained = 40;
  status.features = 7;
  status.digest_low = 3;
  status.bytes_sent = 1'000;
  return status;
}

TEST_CASE("SubmitterCore: submits until it is welcomed, then asks how the job goes") {
  Harness harness;
  REQUIRE(harness.Sent<Submit>() != nullptr);
  CHECK(harness.Sent<Submit>()->hello.role == Role::kSubmitter);
  harness.now = kSecond;
  harness.out.clear();
  harness.core.Tick(harness.now, &harness.out);
  CHECK(harness.Sent<Submit>() != nullptr);
  CHECK(harness.Sent<StatusRequest>() == nullptr);
  harness.Welcomed();
  const Micros joined = harness.now;
  for (int i = 0; i < 5; ++i) harness.Poll();
  CHECK(harness.now - joined <= kSecond);
}

TEST_CASE("SubmitterCore: gathers epochs in order, whatever is doubled or late") {
  Harness harness;
  harness.Welcomed();
  JobStatus status;
  status.epochs_done = 3;
  status.epochs_listed = Epochs(0, 2);
  harness.Reply(status);
  harness.Poll();
  CHECK(harness.Sent<StatusRequest>()->epochs_from == 2);
  status.epochs_listed = Epochs(2, 1);
  harness.Reply(status);
  harness.Reply(status);
  status.epochs_listed = Epochs(0, 2);
  harness.Reply(status);
  status.epochs_listed = Epochs(7, 1);  // A hole: what lies between was lost.
  harness.Reply(status);
  REQUIRE(harness.core.status().epochs_listed.size() == 3);
  for (uint64_t e = 0; e < 3; ++e) CHECK(harness.core.status().epochs_listed[e].epoch == e);
  StatusReply other;  // Not our job's.
  other.status.job = "other";
  harness.Receive(other);
  CHECK(harness.core.status().job.empty());
}

TEST_CASE("SubmitterCore: leaves when it knows how the job went") {
  Harness harness;
  harness.Welcomed();
  harness.Receive(JobEnd{0, "2 epochs are done"});
  CHECK(!harness.core.finished());
  JobStatus status = Over();
  status.member_count = 2;  // A server has not said its last words yet.
  status.epochs_done = 2;
  status.epochs_listed = Epochs(0, 2);
  harness.Poll();
  harness.Reply(status);
  CHECK(!harness.core.finished());
  status.member_count = 1;
  status.epochs_listed.clear();
  harness.Poll();
  harness.Reply(status);
  REQUIRE(harness.core.finished());
  CHECK(harness.Sent<Goodbye>() != nullptr);
  const JobResult& result = harness.core.result();
  CHECK(result.code == 0);
  CHECK(result.message == "2 epochs are done");
  CHECK(result.epochs.size() == 2);
  CHECK(result.rows == 40);
  CHECK(result.features == 7);
  CHECK(result.digest_low == 3);
  CHECK(result.bytes_sent == 1'000);
}

TEST_CASE("SubmitterCore: waits for the last words of others only so long") {
  Harness harness;
  harness.Welcomed();
  harness.Receive(JobEnd{6, "diverged"});
  JobStatus status = Over();
  status.member_count = 2;
  harness.Reply(status);
  while (!harness.core.finished()) harness.Poll();
  CHECK(harness.now <= 4 * kSecond);
  CHECK(harness.core.result().code == 6);
  CHECK(harness.core.result().message == "diverged");
  CHECK(harness.core.result().rows == 40);
  CHECK(harness.Sent<Goodbye>() != nullptr);
}

TEST_CASE("SubmitterCore: a job that is refused is over, and so is one that nobody takes") {
  Harness refused;
  refused.Receive(JobEnd{2, "this coordinator runs job \"a\" already"});
  CHECK(refused.core.finished());
  CHECK(refused.core.result().code == 2);
  CHECK(refused.core.result().message == "this coordinator runs job \"a\" already");
  Harness alone;
  while (!alone.core.finished()) alone.Poll();
  CHECK(alone.core.result().code == 5);
  CHECK(alone.core.result().message.find("no answer from the coordinator at sim://0") == 0);
}

TEST_CASE("SubmitterCore: says that the job is to stop until it is over") {
  Harness harness;
  harness.Welcomed();
  harness.out.clear();
  harness.core.Stop(130, "interrupted", harness.now, &harness.out);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(harness.Sent<StopJob>() != nullptr);
    CHECK(*harness.Sent<StopJob>() == StopJob{130, "interrupted"});
    harness.Poll();
  }
  harness.Receive(JobEnd{130, "interrupted"});
  harness.Poll();
  CHECK(harness.Sent<StopJob>() == nullptr);
  Harness unjoined;
  unjoined.core.Stop(130, "interrupted", unjoined.now, &unjoined.out);
  CHECK(unjoined.core.finished());
  CHECK(unjoined.core.result().code == 130);
}

TEST_CASE("SubmitterCore: reports a death while the dead one is listed") {
  Harness harness;
  harness.Welcomed();
  harness.out.clear();
  harness.core.ReportDeath({"h", 9, "was killed"}, harness.now, &harness.out);
  CHECK(harness.Sent<MemberDead>() != nullptr);
  JobStatus status;
  status.member_count = 1;
  status.members = {{3, Role::kWorker, "", "h", 9, 0, 0, {}}};
  harness.Reply(status);
  harness.Poll();
  CHECK(harness.Sent<MemberDead>() != nullptr);
  status.member_count = 2;  // One is not listed: it may be the one.
  status.members[0].pid = 8;
  harness.Reply(status);
  harness.Poll();
  CHECK(harness.Sent<MemberDead>() != nullptr);
  status.member_count = 1;
  harness.Reply(status);
  harness.Poll();
  CHECK(harness.Sent<MemberDead>() == nullptr);
}

}  // namespace
}  // namespace cairn
