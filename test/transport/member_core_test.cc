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
  Harness() : core(TestOptions()) { core.Start(0, &out); }

  MemberCore::News Receive(Body body, Micros now, uint64_t to_life = kLife) {
    out.clear();
    const ProcessId to{core.self().process, to_life};
    return core.Receive(*MakeMessage(Header{kCoordinator, to, 0, 0}, std::move(body)), now, &out);
  }
  MemberCore::News Tick(Micros now) {
    out.clear();
    return core.Tick(now, &out);
  }
  void Join(Micros now) {
    Welcome welcome;
    welcome.process = 4;
    welcome.heartbeat_ms = 500;
    REQUIRE(Receive(welcome, now).welcomed);
  }
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
  harness.core.Leave(3, "no data", &harness.out);
  REQUIRE(harness.Sent<Goodbye>() != nullptr);
  CHECK(harness.Sent<Goodbye>()->code == 3);
  harness.Tick(60 * kSecond);
  harness.core.Leave(0, "", &harness.out);
  harness.core.AskForMap(61 * kSecond, &harness.out);
  CHECK(harness.out.empty());
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

}  // namespace
}  // namespace cairn
