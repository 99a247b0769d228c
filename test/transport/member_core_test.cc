#include "transport/member_core.h"

#include <catch2/catch.hpp>
#include <string>

namespace cairn {
namespace {

constexpr uint64_t kLife = 77;
constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};
constexpr Micros kSecond = kMicrosPerSecond;

MemberCore::Options TestOptions() {
  MemberCore::Options options;
  options.role = Role::kWorker;
  options.incarnation = kLife;
  options.coordinator_address = "sim://0";
  options.capacity = 3;
  options.join_timeout = options.orphan_timeout = 10 * kSecond;
  return options;
}

// A member and what it sent last.
class Harness {
 public:
  explicit Harness(const MemberCore::Options& options = TestOptions()) : core(options) {
    core.Start(0, &out);
  }

  MemberCore::News Receive(Body body, Micros now, uint64_t to_life = kLife) {
    out.clear();
    const ProcessId to{core.self().process, to_life};
    return core.Receive(*MakeMessage(Header{kCoordinator, to, 0, 0}, std::move(body)), now, &out);
  }
  MemberCore::News Tick(Micros now) {
    out.clear();
    return core.Tick(now, &out);
  }
  MemberCore::News Greet(Micros now) {
    Welcome welcome;
    welcome.process = 4;
    welcome.heartbeat_ms = 500;
    return Receive(welcome, now);
  }
  void Join(Micros now) { REQUIRE(Greet(now).welcomed); }
  template <typename T>
  const T* Sent() const {
    for (const Outgoing& sent : out) {
      if (const T* body = BodyAs<T>(*sent.message); body != nullptr) return body;
    }
    return nullptr;
  }

  MemberCore core;
  Outbox out;
};

MapUpdate MapOf(uint64_t index, size_t partitions = JobSpec{}.partitions) {
  MapUpdate map;
  map.index = index;
  map.partitions.resize(partitions);
  return map;
}

Grants GrantsOf(uint64_t index) {
  Grants grants;
  grants.index = index;
  return grants;
}

TEST_CASE("MemberCore: says hello until it is welcomed, once") {
  Harness harness;
  REQUIRE(harness.Sent<Hello>() != nullptr);
  CHECK(harness.out[0].address == "sim://0");
  CHECK(harness.out[0].message->header.from == ProcessId{kUnassignedProcess, kLife});
  harness.Tick(harness.core.next_tick());
  CHECK(harness.Sent<Hello>() != nullptr);
  harness.Join(kSecond);
  CHECK(harness.core.self() == ProcessId{4, kLife});
  CHECK(harness.core.coordinator() == kCoordinator);
  REQUIRE(harness.Sent<Heartbeat>() != nullptr);
  CHECK(harness.Sent<Heartbeat>()->capacity == 3);
  Welcome other;
  other.process = 9;
  CHECK(!harness.Receive(other, kSecond).welcomed);
  CHECK(harness.core.self().process == 4);
}

TEST_CASE("MemberCore: is deaf to what is meant for a former life") {
  Harness harness;
  Welcome welcome;
  welcome.process = 4;
  CHECK(!harness.Receive(welcome, 1, kLife + 1).welcomed);
  harness.Join(2);
  CHECK(!harness.Receive(MapOf(3), 3, kLife + 1).map);
  CHECK(harness.core.map() == nullptr);
}

TEST_CASE("MemberCore: takes maps and grants only if they are newer, and says what it has") {
  Harness harness;
  CHECK(!harness.Receive(MapOf(8), 1).map);  // Not joined: it does not know the job.
  harness.Join(2);
  CHECK(!harness.Receive(MapOf(8, 3), 3).map);  // Not of this job: another number of partitions.
  CHECK(harness.Receive(MapOf(8), 3).map);
  CHECK(!harness.Receive(MapOf(7), 4).map);
  CHECK(!harness.Receive(MapOf(8), 4).map);
  CHECK(harness.Receive(GrantsOf(5), 5).grants);
  CHECK(!harness.Receive(GrantsOf(4), 6).grants);
  CHECK(harness.core.map_index() == 8);
  harness.Tick(harness.core.next_tick());
  REQUIRE(harness.Sent<Heartbeat>() != nullptr);
  CHECK(harness.Sent<Heartbeat>()->map_index == 8);
  CHECK(harness.Sent<Heartbeat>()->grants_index == 5);
}

TEST_CASE("MemberCore: introduces itself again when the coordinator falls silent") {
  Harness harness;
  harness.Join(0);
  harness.Tick(kSecond);
  CHECK(harness.Sent<Hello>() == nullptr);
  harness.Tick(2 * kSecond);  // Four heartbeats.
  CHECK(harness.Sent<Hello>() != nullptr);
  CHECK(harness.Sent<Heartbeat>() != nullptr);
}

TEST_CASE("MemberCore: nobody waits for ever") {
  Harness unjoined;
  CHECK(!unjoined.Tick(9 * kSecond).ended);
  CHECK(unjoined.Tick(10 * kSecond).ended);
  CHECK(unjoined.core.end().code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(unjoined.core.end_code() == 5);
  Harness orphan;
  orphan.Join(5 * kSecond);
  CHECK(!orphan.Tick(14 * kSecond).ended);
  CHECK(orphan.Tick(15 * kSecond).ended);
  CHECK(orphan.core.end().code() == absl::StatusCode::kUnavailable);
}

TEST_CASE(
    "MemberCore: a coordinator that answers is not silent, however little patience there is") {
  MemberCore::Options options = TestOptions();
  options.orphan_timeout = kSecond;
  Harness harness(options);
  harness.Join(0);
  constexpr Micros kMilli = kSecond / 1000;
  Micros asked_at = -1, now = 0;
  for (; now < 20 * kSecond; now += kMilli) {
    REQUIRE(!harness.Tick(now).ended);
    if (harness.Sent<Hello>() != nullptr && asked_at < 0) asked_at = now;
    if (asked_at < 0 || now - asked_at < 200 * kMilli) continue;
    asked_at = -1;
    harness.Greet(now);
  }
  const Micros silent_since = now;
  while (!harness.Tick(now).ended) now += kMilli;
  CHECK(now - silent_since < 3 * kSecond / 2);
}

TEST_CASE("MemberCore: the job's end is told once, with its code") {
  Harness harness;
  harness.Join(0);
  CHECK(harness.Receive(JobEnd{6, "diverged"}, 1).ended);
  CHECK(!harness.Receive(JobEnd{0, ""}, 2).ended);
  CHECK(harness.core.end_code() == 6);
  CHECK(!harness.core.end().ok());
  CHECK(std::string(harness.core.end().message()) == "diverged");
}

TEST_CASE("MemberCore: after leaving it sends nothing more") {
  Harness harness;
  harness.Join(0);
  harness.out.clear();
  harness.core.Leave(&harness.out);
  REQUIRE(harness.Sent<Goodbye>() != nullptr);
  CHECK(harness.Sent<Goodbye>()->code == 0);
  harness.Tick(60 * kSecond);
  harness.core.Leave(&harness.out);
  harness.core.Fail(1, "too late", 61 * kSecond, &harness.out);
  harness.core.AskForMap(61 * kSecond, &harness.out);
  CHECK(harness.out.empty());
}

TEST_CASE("MemberCore: says why it fails until it is heard") {
  Harness harness;
  harness.Join(0);
  harness.out.clear();
  CHECK(!harness.core.Fail(3, "no data", 0, &harness.out).ended);
  Micros now = 0;
  for (int repeats = 0; repeats < 3; ++repeats) {
    REQUIRE(harness.Sent<Goodbye>() != nullptr);
    CHECK(harness.Sent<Goodbye>()->code == 3);
    CHECK(harness.Sent<Goodbye>()->message == "no data");
    CHECK(harness.Sent<Heartbeat>() == nullptr);
    now = harness.core.next_tick();
    CHECK(!harness.Tick(now).ended);
  }
  CHECK(harness.Receive(JobEnd{3, "no data"}, now).ended);
  CHECK(harness.core.end_code() == 3);
  harness.Tick(now + kSecond);
  CHECK(harness.out.empty());
}

TEST_CASE("MemberCore: a failure that nobody hears is said for some seconds only") {
  Harness harness;
  harness.Join(0);
  harness.core.Fail(3, "no data", kSecond, &harness.out);
  CHECK(!harness.Tick(kSecond + MemberCore::kLastWordsFor - 1).ended);
  CHECK(harness.Tick(2 * kSecond + MemberCore::kLastWordsFor).ended);
  CHECK(harness.core.end_code() == 3);
  CHECK(std::string(harness.core.end().message()) == "no data");
  Harness unjoined;  // Nobody knows it, so nobody has to be told.
  CHECK(unjoined.core.Fail(2, "no such optimizer", 0, &unjoined.out).ended);
}

TEST_CASE("MemberCore: a coordinator that cannot welcome it yet is there all the same") {
  Harness harness;
  for (Micros now = kSecond; now <= 60 * kSecond; now += 5 * kSecond) {
    CHECK(!harness.Tick(now).ended);
    CHECK(harness.Sent<Hello>() != nullptr);
    CHECK(!harness.Receive(Wait{"waits for a job"}, now).ended);
    CHECK(harness.core.waiting() == "waits for a job");
  }
  CHECK(!harness.core.joined());
  CHECK(harness.Tick(70 * kSecond).ended);  // It fell silent.
  CHECK(harness.core.end_code() == 5);
}

TEST_CASE("MemberCore: a submitter's hello is its job, again and again") {
  MemberCore::Options options = TestOptions();
  options.role = Role::kSubmitter;
  auto job = std::make_shared<JobDefinition>();
  job->spec.name = "flights";
  options.submit = job;
  MemberCore core(options);
  Outbox out;
  core.Start(0, &out);
  core.Tick(kSecond, &out);
  REQUIRE(out.size() == 2);
  for (const Outgoing& sent : out) {
    const auto* submit = BodyAs<Submit>(*sent.message);
    REQUIRE(submit != nullptr);
    CHECK(submit->job == *job);
    CHECK(submit->hello.role == Role::kSubmitter);
  }
}

TEST_CASE("MemberCore: says who it is, which job it wants, and later to which it belongs") {
  MemberCore::Options options = TestOptions();
  options.host = "node-7";
  options.pid = 4'711;
  options.job_name = "flights";
  options.usage = [] { return ProcessUsage{1, 2, 3, 4}; };
  MemberCore core(options);
  Outbox out;
  core.Start(0, &out);
  const auto* hello = BodyAs<Hello>(*out[0].message);
  CHECK(hello->host == "node-7");
  CHECK(hello->pid == 4'711);
  CHECK(hello->job_id == 0);
  CHECK(hello->job_name == "flights");
  Welcome welcome;
  welcome.process = 4;
  welcome.job.name = "flights";
  welcome.job_id = 99;
  core.Receive(*MakeMessage({kCoordinator, {kUnassignedProcess, kLife}, 0, 0}, welcome), 1, &out);
  CHECK(BodyAs<Heartbeat>(*out.back().message)->usage == ProcessUsage{1, 2, 3, 4});
  out.clear();
  core.Tick(5 * kSecond, &out);  // Silence: it introduces itself again.
  hello = BodyAs<Hello>(*out.back().message);
  REQUIRE(hello != nullptr);
  CHECK(hello->job_id == 99);
  // A new coordinator with another job at the same address is none of its own.
  welcome.job_id = 100;
  const ProcessId other{kCoordinatorProcess, 6};
  core.Receive(*MakeMessage({other, {4, kLife}, 0, 0}, welcome), 5 * kSecond, &out);
  CHECK(core.coordinator() == kCoordinator);
  core.Leave(&out);
  CHECK(BodyAs<Goodbye>(*out.back().message)->usage == ProcessUsage{1, 2, 3, 4});
}

TEST_CASE(
    "MemberCore: a coordinator of another release is named, another peer's is not its affair") {
  Harness harness;
  VersionNotice notice{3, 0, "sim://9"};
  CHECK(!harness.core.Receive(*MakeMessage({}, notice), 1, &harness.out).ended);
  notice.address = "sim://0";
  CHECK(harness.core.Receive(*MakeMessage({}, notice), 1, &harness.out).ended);
  CHECK(harness.core.end_code() == 5);
  CHECK(std::string(harness.core.end().message()) ==
        "the coordinator at sim://0 speaks protocol version 3.0, this process 2.0: use programs of "
        "one release");
}

TEST_CASE("MemberCore: asks for the map at once, but not again and again") {
  Harness harness;
  harness.Join(0);
  harness.out.clear();
  harness.core.AskForMap(kSecond, &harness.out);
  CHECK(harness.Sent<Heartbeat>() != nullptr);
  harness.out.clear();
  harness.core.AskForMap(kSecond + 1, &harness.out);
  CHECK(harness.out.empty());
}

TEST_CASE("MemberCore: who asks for the map all the time notices that nobody answers") {
  Harness harness;
  harness.Join(0);
  harness.out.clear();
  bool said_hello = false, ended = false;
  Micros now = 0;
  for (; now < 61 * kSecond && !ended; now += 5 * kMicrosPerMilli) {
    harness.core.AskForMap(now, &harness.out);
    ended = harness.Tick(now).ended;
    said_hello = said_hello || harness.Sent<Hello>() != nullptr;
  }
  CHECK(said_hello);
  CHECK(ended);
  CHECK(harness.core.end_code() == 5);
}

TEST_CASE("MemberCore: who is told to leave says so until it is let go") {
  Harness harness;
  harness.Join(0);
  CHECK(!harness.Sent<Heartbeat>()->leaving);
  harness.out.clear();
  CHECK(!harness.core.AskToLeave(kSecond, &harness.out).ended);
  REQUIRE(harness.Sent<Heartbeat>() != nullptr);
  CHECK(harness.Sent<Heartbeat>()->leaving);
  CHECK(harness.core.asked_to_leave());
  harness.out.clear();
  harness.core.AskToLeave(kSecond, &harness.out);  // Once is enough.
  CHECK(harness.out.empty());
  harness.Tick(harness.core.next_tick());
  CHECK(harness.Sent<Heartbeat>()->leaving);
  CHECK(harness.Sent<Goodbye>() == nullptr);
  CHECK(harness.Receive(JobEnd{}, 2 * kSecond).ended);
  CHECK(harness.core.end().ok());
}

TEST_CASE("MemberCore: who is told to leave waits so long, and before the welcome not at all") {
  MemberCore::Options options = TestOptions();
  options.leave_timeout = 700'000;  // No multiple of a heartbeat.
  Harness harness(options);
  harness.Join(0);
  harness.core.AskToLeave(0, &harness.out);
  harness.Tick(harness.core.next_tick());
  CHECK(harness.core.next_tick() == 700'000);
  CHECK(harness.Tick(700'000).ended);
  CHECK(harness.core.end().ok());
  REQUIRE(harness.Sent<Goodbye>() != nullptr);
  CHECK(harness.Sent<Goodbye>()->code == 0);
  Harness unjoined;
  CHECK(unjoined.core.AskToLeave(1, &unjoined.out).ended);
  CHECK(unjoined.core.end().ok());
}

}  // namespace
}  // namespace cairn
