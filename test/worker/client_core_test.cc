#include "worker/client_core.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 4;
constexpr uint64_t kLife = 77;
constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};
constexpr ProcessId kServers[] = {{1, 101}, {2, 102}};  // Of the even and the odd partitions.
constexpr StreamRef kRef{0, 1};

// A client of a job with one table of one float a row, and what it sent in the last call.
class Harness {
 public:
  explicit Harness(Consistency consistency) : member_(Options()) {
    job_.partitions = kPartitions;
    job_.mode.consistency = consistency;
    TableSpec table;
    table.name = "t";
    job_.tables = {table};
    Outbox ignored;
    member_.Start(0, &ignored);
    Welcome welcome;
    welcome.process = 4;
    welcome.job = job_;
    Tell(welcome);
    core = std::make_unique<ClientCore>(job_, &member_, ClientCore::Options{});
    GiveMap(1);
    core->OpenRun(kRef, 0);
  }

  void GiveMap(uint64_t term, uint64_t rollback = 0) {
    MapUpdate map;
    map.index = ++map_index_;
    map.rollback_index = rollback;
    map.opened = 1;
    for (uint32_t p = 0; p < kPartitions; ++p) map.partitions.push_back({term, kServers[p % 2]});
    for (const ProcessId& id : kServers) map.servers.push_back({id, AddressOf(id)});
    Tell(map);
    out.clear();
    core->OnMap(now, &out);
  }
  void GiveGrants(uint64_t rollback) {
    Tell(Grants{++map_index_, rollback, {}});
    out.clear();
  }
  static std::string AddressOf(const ProcessId& id) {
    return "sim://" + std::to_string(id.process);
  }

  std::shared_ptr<const KeyCut> Cut(std::vector<Key> keys) const {
    KeyCutter cutter(kPartitions);
    return cutter.Cut(LayoutOf(job_.tables[0], 0), keys);
  }
  OpId PushKeys(StepIndex step, std::vector<Key> keys) {
    auto payload = std::make_shared<PushPayload>();
    payload->tables.push_back({Cut(std::move(keys)), {}});
    payload->tables[0].values.assign(payload->tables[0].cut->unique(), 1.0f);
    out.clear();
    return core->StartPush({ref, step, payload}, now, &out);
  }
  OpId PullKeys(StepIndex step, std::vector<Key> keys, Pull::Kind kind = Pull::Kind::kTraining) {
    ClientCore::PullRequest request;
    request.kind = kind;
    request.ref = kRef;
    request.step = step;
    request.payload = std::make_shared<const PullPayload>(PullPayload{Cut(std::move(keys))});
    out.clear();
    return core->StartPull(std::move(request), now, &out);
  }
  void AnswerPush(StepIndex step, std::vector<PartResult> parts) {
    out.clear();
    Answer(PushReply{kRef, step, std::move(parts), {}}, 0);
  }
  void AnswerPull(OpId op, StepIndex step, std::vector<PullResult> parts) {
    out.clear();
    Answer(PullReply{kRef, step, std::move(parts), {}, nullptr}, op);
  }
  void Wait(Micros time) {
    now += time;
    out.clear();
    core->Tick(now, &out);
  }
  // Partitions of all pushes (or pulls) of this step in the outbox.
  template <typename Request>
  std::set<uint32_t> Sent(StepIndex step) const {
    std::set<uint32_t> partitions;
    for (const Outgoing& sent : out) {
      const auto* request = BodyAs<Request>(*sent.message);
      if (request == nullptr || request->step != step) continue;
      CHECK(sent.address == AddressOf(sent.message->header.to));
      for (const auto& part : request->parts) {
        CHECK(sent.message->header.to == kServers[part.partition % 2]);
        partitions.insert(part.partition);
      }
    }
    return partitions;
  }
  const PushPart* PartSent(uint32_t partition) const {
    for (const Outgoing& sent : out) {
      const auto* push = BodyAs<Push>(*sent.message);
      if (push == nullptr) continue;
      for (const PushPart& part : push->parts) {
        if (part.partition == partition) return &part;
      }
    }
    return nullptr;
  }
  uint32_t PartitionOf(Key key) const {
    const auto cut = Cut({key});
    return static_cast<uint32_t>(std::upper_bound(cut->offsets.begin(), cut->offsets.end(), 0u) -
                                 cut->offsets.begin() - 1);
  }

  StreamRef ref = kRef;
  std::unique_ptr<ClientCore> core;
  Outbox out;
  Micros now = kMicrosPerSecond;

 private:
  static MemberCore::Options Options() {
    MemberCore::Options options;
    options.incarnation = kLife;
    options.coordinator_address = "sim://0";
    return options;
  }
  void Tell(Body body) {
    Outbox ignored;
    member_.Receive(*MakeMessage({kCoordinator, member_.self(), 0, 0}, std::move(body)), now,
                    &ignored);
  }
  void Answer(Body body, OpId op) {
    core->Receive(*MakeMessage({kServers[0], member_.self(), op, 0}, std::move(body)), now, &out);
  }

  JobSpec job_;
  MemberCore member_;
  uint64_t map_index_ = 0;
};

std::vector<Key> ManyKeys() {
  std::vector<Key> keys;
  for (Key key = 0; key < 40; ++key) keys.push_back(key);
  return keys;
}
std::vector<PartResult> AllParts(PartCode code) {
  std::vector<PartResult> parts;
  for (uint32_t p = 0; p < kPartitions; ++p) parts.push_back({p, code, 0});
  return parts;
}
const std::set<uint32_t> kEverywhere = {0, 1, 2, 3};

TEST_CASE("ClientCore: a push is complete when every partition has acknowledged it") {
  Harness harness(Consistency::kAsp);
  const OpId op = harness.PushKeys(1, ManyKeys());
  CHECK(harness.Sent<Push>(1) == kEverywhere);
  CHECK(harness.PartSent(0)->prev == kStart);
  harness.AnswerPush(1, {{0, PartCode::kOk, 1}, {1, PartCode::kOk, 1}, {1, PartCode::kOk, 1}});
  harness.AnswerPush(1, {{2, PartCode::kOk, 1}});
  CHECK(harness.core->TakeCompletions().empty());
  CHECK(harness.core->bytes_in_flight() > 0);
  harness.AnswerPush(1, {{3, PartCode::kOk, 1}});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].op == op);
  CHECK(completions[0].code == Completion::Code::kOk);
  CHECK(harness.core->ProgressOf(kRef) == 1);
  CHECK(harness.core->bytes_in_flight() == 0);
}

TEST_CASE("ClientCore: progress is a prefix, whatever order the answers come in") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  harness.PushKeys(2, ManyKeys());
  CHECK(harness.PartSent(3)->prev == 1);
  harness.AnswerPush(2, AllParts(PartCode::kOk));
  CHECK(harness.core->ProgressOf(kRef) == 0);
  harness.AnswerPush(1, AllParts(PartCode::kOk));
  CHECK(harness.core->ProgressOf(kRef) == 2);
  CHECK(harness.core->TakeCompletions().size() == 2);
}

TEST_CASE("ClientCore, asp: a chain goes only through the partitions that are touched") {
  Harness harness(Consistency::kAsp);
  const Key key = 5;
  const uint32_t touched = harness.PartitionOf(key);
  harness.PushKeys(1, {key});
  CHECK(harness.Sent<Push>(1) == std::set<uint32_t>{touched});
  harness.PushKeys(2, ManyKeys());
  CHECK(harness.PartSent(touched)->prev == 1);
  CHECK(harness.PartSent((touched + 1) % kPartitions)->prev == kStart);
}

TEST_CASE("ClientCore: what is not answered is sent again, and only that") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  harness.AnswerPush(1, {{0, PartCode::kOk, 1}, {1, PartCode::kOk, 1}});
  harness.Wait(kMicrosPerMilli);
  CHECK(harness.Sent<Push>(1).empty());
  harness.Wait(kMicrosPerSecond);
  CHECK(harness.Sent<Push>(1) == std::set<uint32_t>{2, 3});
}

TEST_CASE(
    "ClientCore: who is told to come again waits longer each time, up to a third of a second") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  for (const Micros wait : {10, 20, 40, 80, 160, 320, 320}) {
    harness.AnswerPush(1, AllParts(PartCode::kBehind));
    harness.Wait(wait * kMicrosPerMilli - 1);
    CHECK(harness.Sent<Push>(1).empty());
    harness.Wait(1);
    CHECK(harness.Sent<Push>(1) == kEverywhere);
  }
}

TEST_CASE("ClientCore: a gap rewinds the window there, once in a round trip") {
  Harness harness(Consistency::kAsp);
  for (StepIndex step = 1; step <= 3; ++step) harness.PushKeys(step, ManyKeys());
  harness.AnswerPush(3, {{1, PartCode::kGap, 1}});
  CHECK(harness.Sent<Push>(1).empty());
  CHECK(harness.Sent<Push>(2) == std::set<uint32_t>{1});
  CHECK(harness.Sent<Push>(3) == std::set<uint32_t>{1});
  harness.AnswerPush(2, {{1, PartCode::kGap, 0}});
  CHECK(harness.Sent<Push>(1).empty());
  harness.now += kMicrosPerSecond;
  harness.AnswerPush(2, {{1, PartCode::kGap, 0}});
  CHECK(harness.Sent<Push>(1) == std::set<uint32_t>{1});
}

TEST_CASE("ClientCore: a newer map sends the open requests to it") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  CHECK(harness.PartSent(2)->term == 1);
  harness.GiveMap(2);
  REQUIRE(harness.PartSent(2) != nullptr);
  CHECK(harness.PartSent(2)->term == 2);
}

TEST_CASE("ClientCore: after a rollback nothing is sent before map and grants are both of it") {
  for (const Pull::Kind kind : {Pull::Kind::kTraining, Pull::Kind::kReadOnly}) {
    Harness harness(Consistency::kAsp);
    harness.GiveGrants(5);
    // An evaluation too: the old map leads to servers whose values are not those of the checkpoint.
    harness.PullKeys(1, ManyKeys(), kind);
    CHECK(harness.out.empty());
    harness.GiveMap(2, 5);
    harness.Wait(kMicrosPerSecond);
    CHECK(!harness.out.empty());
  }
}

TEST_CASE("ClientCore: who has no streams reads at once, whatever has been gone back to") {
  Harness harness(Consistency::kAsp);
  harness.GiveMap(2, 5);
  harness.PullKeys(1, ManyKeys(), Pull::Kind::kReadOnly);
  CHECK(!harness.out.empty());
  harness.PullKeys(1, ManyKeys());
  CHECK(harness.out.empty());
}

TEST_CASE("ClientCore: a fenced run is dropped, with everything that was under way") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  harness.PullKeys(2, ManyKeys());
  harness.AnswerPush(1, {{0, PartCode::kFenced, 0}});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 2);
  for (const Completion& completion : completions) {
    CHECK(completion.code == Completion::Code::kFenced);
  }
  CHECK(!harness.core->HasRun(kRef));
  CHECK(harness.core->ops_in_flight() == 0);
  CHECK(harness.core->bytes_in_flight() == 0);
}

TEST_CASE("ClientCore, bsp: a step goes out when the one before is acknowledged everywhere") {
  Harness harness(Consistency::kBsp);
  harness.PushKeys(1, {5});
  CHECK(harness.Sent<Push>(1) == kEverywhere);  // Also where it touches nothing.
  CHECK(harness.PartSent(0)->prev == 0);
  harness.PushKeys(2, {5});
  CHECK(harness.Sent<Push>(2).empty());
  harness.AnswerPush(1, AllParts(PartCode::kOk));
  CHECK(harness.Sent<Push>(2) == kEverywhere);
  CHECK(harness.PartSent(0)->prev == 1);
}

TEST_CASE("ClientCore, bsp: a passed step is skipped without a push") {
  Harness harness(Consistency::kBsp);
  const OpId op = harness.PullKeys(1, {5});
  CHECK(harness.Sent<Pull>(1) == kEverywhere);
  harness.AnswerPull(op, 1, {{2, PartCode::kPassed, {}}});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].code == Completion::Code::kPassed);
  harness.out.clear();
  harness.core->SkipStep(kRef, 1, harness.now, &harness.out);
  CHECK(harness.out.empty());
  CHECK(harness.core->ProgressOf(kRef) == 1);
  harness.PushKeys(2, {5});
  CHECK(harness.PartSent(0)->prev == 1);
}

TEST_CASE("ClientCore: pulled values lie in the order of the cut") {
  Harness harness(Consistency::kAsp);
  const auto cut = harness.Cut(ManyKeys());
  const OpId op = harness.PullKeys(1, ManyKeys());
  std::vector<std::vector<float>> values(kPartitions);
  for (uint32_t p = 0; p < kPartitions; ++p) {
    for (uint32_t i = cut->offsets[p]; i < cut->offsets[p + 1]; ++i) {
      values[p].push_back(static_cast<float>(i));
    }
  }
  for (const uint32_t p : {2u, 0u, 3u}) {
    harness.AnswerPull(op, 1, {{p, PartCode::kOk, values[p]}});
  }
  harness.AnswerPull(op, 1, {{1, PartCode::kOk, std::span(values[1]).first(1)}});  // Cut short.
  CHECK(harness.core->TakeCompletions().empty());
  harness.AnswerPull(op, 1, {{1, PartCode::kOk, values[1]}});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  REQUIRE(completions[0].values.tables() == 1);
  const std::vector<float> packed = completions[0].values.Packed(0);
  for (size_t i = 0; i < cut->unique(); ++i) {
    CHECK(packed[i] == static_cast<float>(i));
  }
}

TEST_CASE("ClientCore, asp: a pull asks for the reader's own acknowledged pushes") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  harness.AnswerPush(1, {{0, PartCode::kOk, 1}});
  harness.PullKeys(2, ManyKeys());
  for (const Outgoing& sent : harness.out) {
    const Pull* pull = BodyAs<Pull>(*sent.message);
    REQUIRE(pull != nullptr);
    for (const PullPart& part : pull->parts) CHECK(part.min == (part.partition == 0 ? 1 : 0));
  }
}

// Slices of this partition in the outbox, by whether they name the ids of a pull.
std::pair<int, int> NamedAndListed(const Harness& harness, uint32_t partition, OpId pull) {
  std::pair<int, int> counts;
  for (const Outgoing& sent : harness.out) {
    const auto* push = BodyAs<Push>(*sent.message);
    if (push == nullptr) continue;
    for (const PushPart& part : push->parts) {
      for (uint32_t s = part.slice_begin; s < part.slice_end; ++s) {
        if (part.partition != partition) continue;
        const PulledIds& named = push->slices[s].named;
        CHECK((named.request == 0 || named.request == pull));
        ++(named.request == 0 ? counts.second : counts.first);
      }
    }
  }
  return counts;
}

TEST_CASE("ClientCore: a push names the pull of its step, and lists its ids when it is asked to") {
  Harness harness(Consistency::kAsp);
  const OpId pull = harness.PullKeys(1, ManyKeys());
  harness.PushKeys(1, ManyKeys());
  CHECK(NamedAndListed(harness, 2, pull) == std::pair(1, 0));
  harness.AnswerPush(1, {{1, PartCode::kOk, 1}, {2, PartCode::kNeedIds, 0}});
  CHECK(harness.Sent<Push>(1) == std::set<uint32_t>{2});
  CHECK(NamedAndListed(harness, 2, pull) == std::pair(0, 1));
  // The answer to a copy of the first message.
  harness.AnswerPush(1, {{2, PartCode::kNeedIds, 0}});
  CHECK(harness.out.empty());
  harness.Wait(kMicrosPerSecond);
  CHECK(harness.Sent<Push>(1) == std::set<uint32_t>{0, 2, 3});
  CHECK(NamedAndListed(harness, 0, pull) == std::pair(1, 0));
  CHECK(NamedAndListed(harness, 2, pull) == std::pair(0, 1));
}

TEST_CASE("ClientCore: other ids, another step or another attempt are not named") {
  Harness harness(Consistency::kAsp);
  const OpId pull = harness.PullKeys(1, ManyKeys());
  std::vector<Key> fewer = ManyKeys();
  fewer.pop_back();
  harness.PushKeys(1, fewer);
  CHECK(NamedAndListed(harness, 0, pull) == std::pair(0, 1));
  harness.PushKeys(2, ManyKeys());
  CHECK(NamedAndListed(harness, 0, pull) == std::pair(0, 1));
  const OpId third = harness.PullKeys(3, ManyKeys());
  harness.core->OpenRun({kRef.stream, kRef.attempt + 1}, 2);
  harness.ref.attempt = kRef.attempt + 1;
  harness.PushKeys(3, ManyKeys());
  CHECK(NamedAndListed(harness, 0, third) == std::pair(0, 1));
}

TEST_CASE("ClientCore: a pull of nothing is complete at once") {
  Harness harness(Consistency::kAsp);
  const OpId op = harness.PullKeys(1, {});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].op == op);
  CHECK(harness.out.empty());
}

TEST_CASE("ClientCore: a deadline ends the wait and says for whom") {
  Harness harness(Consistency::kAsp);
  ClientCore::PullRequest request;
  request.kind = Pull::Kind::kReadOnly;
  request.payload = std::make_shared<const PullPayload>(PullPayload{harness.Cut({5})});
  request.deadline = harness.now + 50 * kMicrosPerMilli;
  harness.core->StartPull(std::move(request), harness.now, &harness.out);
  CHECK(harness.core->next_tick() <= harness.now + 50 * kMicrosPerMilli);
  harness.Wait(50 * kMicrosPerMilli);
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(std::string(completions[0].status.message()).find("sim://") != std::string::npos);
}

TEST_CASE("ClientCore: a refused request is an error, not a retry") {
  Harness harness(Consistency::kAsp);
  harness.PushKeys(1, ManyKeys());
  harness.AnswerPush(1, {{0, PartCode::kInvalid, 0}});
  const auto completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].status.code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("ClientCore: a pull whose answer cannot fit a frame is refused at once") {
  Harness harness(Consistency::kAsp);
  std::vector<Key> keys(3'000'000);  // Six MiB of ids in every partition.
  for (size_t i = 0; i < keys.size(); ++i) keys[i] = i;
  harness.PullKeys(1, std::move(keys));
  const std::vector<Completion> completions = harness.core->TakeCompletions();
  REQUIRE(completions.size() == 1);
  CHECK(completions[0].status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(harness.out.empty());
}

}  // namespace
}  // namespace cairn
