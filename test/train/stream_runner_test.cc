#include "train/stream_runner.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>

namespace cairn {
namespace {

constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};
constexpr ProcessId kServer{1, 101};
constexpr Schedule kSchedule{.epochs = 2, .batches_per_epoch = 6, .fixed_streams = 2};

// A batch that pulls and pushes one key.
class OneKeyBatch final : public PreparedBatch {
 public:
  explicit OneKeyBatch(std::shared_ptr<const PullPayload> payload) : payload_(std::move(payload)) {}
  std::shared_ptr<const PullPayload> pull() const override { return payload_; }
  uint64_t row_count() const override { return 7; }

 private:
  const std::shared_ptr<const PullPayload> payload_;
};

// A worker of a job with one partition; the test is the coordinator, the server and the reader.
class Harness {
 public:
  explicit Harness(Consistency consistency, StreamRunner::Options options = {})
      : member_(MemberOptions()) {
    job_.partitions = 1;
    job_.streams = 2;
    job_.mode.consistency = consistency;
    job_.tables = {TableSpec{.name = "t"}};
    Outbox ignored;
    member_.Start(0, &ignored);
    Welcome welcome;
    welcome.process = 4;
    welcome.job = job_;
    Tell(welcome);
    MapUpdate map;
    map.index = 1;
    map.opened = 2;
    map.partitions = {{1, kServer}};
    map.servers = {{kServer, "sim://1"}};
    Tell(map);
    client_ = std::make_unique<ClientCore>(job_, &member_, ClientCore::Options{});
    Schedule schedule = kSchedule;
    if (consistency == Consistency::kAsp) schedule.fixed_streams = 0;
    runner = std::make_unique<StreamRunner>(job_, schedule, &member_, client_.get(), options);
  }

  void GiveGrants(std::vector<Grant> grants, std::vector<StepNote> notes = {}) {
    Grants all;
    all.index = ++grants_index_;
    all.grants = std::move(grants);
    all.notes = std::move(notes);
    Tell(all);
    actions = {};
    runner->OnGrants(now, &actions);
  }
  void Read(const StepKey& key) {
    actions = {};
    runner->BatchRead(key, std::make_unique<OneKeyBatch>(Payload()), now, &actions);
  }
  void Compute(const StepKey& key, uint64_t rows = 10, double loss_sum = 2) {
    PushPayload push;
    push.tables.push_back({(*Payload())[0], {1.0f}});
    actions = {};
    runner->Computed(key, std::make_shared<const PushPayload>(std::move(push)),
                     {rows, loss_sum, 0.5}, now, &actions);
  }
  // The server answers the request for this step, if one was sent.
  void AnswerPull(const StepKey& key, PartCode code = PartCode::kOk) {
    Answer(PullReply{key.ref, key.step, {{0, code, kValue}}, {}, nullptr}, pulls_.at(key));
  }
  void AnswerPush(const StepKey& key, PartCode code = PartCode::kOk) {
    Answer(PushReply{key.ref, key.step, {{0, code, key.step}}, {}}, 0);
  }
  void Answer(Body body, OpId op) {
    actions = {};
    client_->Receive(*MakeMessage({kServer, member_.self(), op, 0}, std::move(body)), now,
                     &actions.messages);
    runner->Tick(now, &actions);
  }
  void Wait(Micros time) {
    now += time;
    actions = {};
    runner->Tick(now, &actions);
  }
  void Tell(Body body) {
    Outbox ignored;
    member_.Receive(*MakeMessage({kCoordinator, member_.self(), 0, 0}, std::move(body)), now,
                    &ignored);
  }
  void Give(Body body, uint64_t request = 0) {
    const Message message{{kCoordinator, member_.self(), request, 0}, std::move(body)};
    actions = {};
    runner->Receive(message, now, &actions);
  }
  template <typename T>
  const T* Sent() {
    const T* last = nullptr;
    for (const Outgoing& out : actions.messages) {
      if (const T* body = BodyAs<T>(*out.message); body != nullptr) last = body;
    }
    return last;
  }
  // Remembers the requests that just went out, to be answered.
  size_t NotePulls() {
    size_t count = 0;
    for (const Outgoing& out : actions.messages) {
      const Pull* pull = BodyAs<Pull>(*out.message);
      if (pull == nullptr) continue;
      pulls_[{pull->ref, pull->step}] = out.message->header.request;
      ++count;
    }
    return count;
  }
  // A step from its read to the acknowledgement of its push.
  void RunStep(const StepKey& key) {
    Read(key);
    NotePulls();
    AnswerPull(key);
    Compute(key);
    AnswerPush(key);
  }

  std::unique_ptr<StreamRunner> runner;
  RunnerActions actions;
  Micros now = kMicrosPerSecond;

 private:
  static constexpr float kValueArray[] = {0.5f};
  static constexpr std::span<const float> kValue = kValueArray;

  static MemberCore::Options MemberOptions() {
    MemberCore::Options options;
    options.incarnation = 77;
    options.coordinator_address = "sim://0";
    return options;
  }
  std::shared_ptr<const PullPayload> Payload() const {
    KeyCutter cutter(1);
    const Key key = 3;
    return std::make_shared<const PullPayload>(
        PullPayload{cutter.Cut(LayoutOf(job_.tables[0], 0), {&key, 1})});
  }
  JobSpec job_;
  MemberCore member_;
  std::unique_ptr<ClientCore> client_;
  uint64_t grants_index_ = 0;
  std::map<StepKey, OpId> pulls_;
};

Grant TrainGrant(const StreamRef& ref, StepIndex base, StepIndex limit) {
  Grant grant{ref, base, limit, {}};
  grant.work.slot = static_cast<uint32_t>(ref.stream);
  grant.work.last = 6;
  return grant;
}
constexpr StreamRef kRef{0, 1};

TEST_CASE("StreamRunner: reads ahead, pulls within its window, pushes, reports") {
  Harness harness(Consistency::kBsp, {.steps_in_flight = 1, .reads_ahead = 1});
  harness.GiveGrants({TrainGrant(kRef, 0, 3)});
  REQUIRE(harness.actions.reads.size() == 2);
  CHECK(harness.actions.reads[1].key.step == 2);
  CHECK(harness.actions.reads[1].batch == 1);
  harness.Read({kRef, 1});
  CHECK(harness.NotePulls() == 1);
  harness.Read({kRef, 2});
  CHECK(harness.NotePulls() == 0);  // Outside of the window.
  harness.AnswerPull({kRef, 1});
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].values[0] == std::vector<float>{0.5f});
  harness.Compute({kRef, 1});
  CHECK(harness.Sent<Push>() != nullptr);
  harness.AnswerPush({kRef, 1});
  CHECK(harness.NotePulls() == 1);
  CHECK(harness.actions.reads.size() == 1);
}

TEST_CASE("StreamRunner: stops at its limit, and repeats the report that the others wait for") {
  Harness harness(Consistency::kBsp);
  harness.GiveGrants({TrainGrant(kRef, 0, 2)});
  harness.RunStep({kRef, 1});
  harness.RunStep({kRef, 2});
  REQUIRE(harness.Sent<Progress>() != nullptr);
  CHECK(harness.Sent<Progress>()->step == 2);
  CHECK(harness.Sent<Progress>()->rows == 20);
  CHECK(harness.Sent<Progress>()->loss_sum == 4);
  harness.Wait(kMicrosPerSecond);
  CHECK(harness.Sent<Progress>() != nullptr);
  CHECK(harness.actions.reads.empty());
  harness.GiveGrants({TrainGrant(kRef, 0, 4)});
  REQUIRE(harness.actions.reads.size() == 2);
  CHECK(harness.actions.reads[0].key.step == 3);
}

TEST_CASE("StreamRunner: computes in the order of steps, whatever order the pulls come back in") {
  Harness harness(Consistency::kAsp);
  Grant grant = TrainGrant(kRef, 0, 6);
  grant.work.epoch = 1;
  grant.work.first_batch = 2;
  harness.GiveGrants({grant});
  CHECK(harness.actions.reads[0].epoch == 1);
  CHECK(harness.actions.reads[0].batch == 2);
  harness.Read({kRef, 1});
  harness.NotePulls();
  harness.Read({kRef, 2});
  CHECK(harness.NotePulls() == 1);
  harness.AnswerPull({kRef, 2});
  CHECK(harness.actions.computes.empty());
  harness.AnswerPull({kRef, 1});
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].key.step == 1);
  harness.Compute({kRef, 1});
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].key.step == 2);
}

TEST_CASE("StreamRunner: one step at a time is one of one stream after the other") {
  Harness harness(Consistency::kAsp, {.steps_at_once = 1});
  const StreamRef second{1, 1};
  Grant grant = TrainGrant(kRef, 0, 6);
  grant.work.last = 2;
  harness.GiveGrants({grant, TrainGrant(second, 0, 6)});
  harness.Read({second, 1});
  CHECK(harness.NotePulls() == 0);  // The first stream has more.
  harness.Read({kRef, 1});
  CHECK(harness.NotePulls() == 1);
  harness.Read({kRef, 2});
  CHECK(harness.NotePulls() == 0);
  harness.AnswerPull({kRef, 1});
  harness.Compute({kRef, 1});
  // Behind the push, and not answered before it.
  REQUIRE(harness.Sent<Pull>() != nullptr);
  CHECK(harness.Sent<Pull>()->step == 2);
  REQUIRE(harness.Sent<Pull>()->parts.size() == 1);
  CHECK(harness.Sent<Pull>()->parts[0].min == 1);
  harness.NotePulls();
  harness.AnswerPull({kRef, 2});
  harness.Compute({kRef, 2});
  REQUIRE(harness.Sent<Pull>() != nullptr);
  CHECK(harness.Sent<Pull>()->ref == second);
}

TEST_CASE("StreamRunner: one step at a time is one of each stream, if others wait for it") {
  Harness harness(Consistency::kBsp, {.steps_at_once = 1});
  harness.GiveGrants({TrainGrant(kRef, 0, 3), TrainGrant({1, 1}, 0, 3)});
  harness.Read({{1, 1}, 1});
  CHECK(harness.NotePulls() == 1);
  harness.Read({kRef, 1});
  CHECK(harness.NotePulls() == 1);
  harness.Read({kRef, 2});
  CHECK(harness.NotePulls() == 0);
}

TEST_CASE("StreamRunner: one step at a time begins with the first, whichever is read first") {
  const Consistency consistency = GENERATE(Consistency::kAsp, Consistency::kBsp);
  Harness harness(consistency, {.steps_at_once = 1});
  harness.GiveGrants({TrainGrant(kRef, 0, 6)});
  harness.Read({kRef, 2});
  CHECK(harness.NotePulls() == 0);  // It would wait for the step before, and that one for it.
  harness.Read({kRef, 1});
  REQUIRE(harness.Sent<Pull>() != nullptr);
  CHECK(harness.Sent<Pull>()->step == 1);
  CHECK(harness.NotePulls() == 1);
}

TEST_CASE("StreamRunner: a step that diverged is reported at once, and nothing after it") {
  const double loss = GENERATE(std::numeric_limits<double>::infinity(), std::nan(""), 1e6);
  Harness harness(Consistency::kAsp, {.loss_max = 1e4});
  harness.GiveGrants({TrainGrant(kRef, 0, 6)});
  harness.RunStep({kRef, 1});
  harness.Read({kRef, 2});
  harness.NotePulls();
  harness.AnswerPull({kRef, 2});
  harness.Compute({kRef, 2}, 10, loss);
  harness.AnswerPush({kRef, 2});
  REQUIRE(harness.Sent<Progress>() != nullptr);
  CHECK(harness.Sent<Progress>()->step == 2);
  CHECK(std::isnan(harness.Sent<Progress>()->loss_sum));
  harness.RunStep({kRef, 3});
  CHECK(harness.Sent<Progress>() == nullptr);
  harness.Wait(kMicrosPerSecond);
  REQUIRE(harness.Sent<Progress>() != nullptr);  // Repeated, until the job ends.
  CHECK(harness.Sent<Progress>()->step == 2);
}

TEST_CASE("StreamRunner: a successor starts behind the recorded progress and passes what is done") {
  Harness harness(Consistency::kBsp);
  harness.GiveGrants({TrainGrant({0, 2}, 3, 6)});
  CHECK(harness.actions.reads[0].key.step == 4);
  const StepKey key{{0, 2}, 4};
  harness.Read(key);
  harness.NotePulls();
  harness.AnswerPull(key, PartCode::kPassed);
  CHECK(harness.actions.computes.empty());
  CHECK(harness.Sent<Push>() == nullptr);
  REQUIRE(harness.Sent<Progress>() != nullptr);
  CHECK(harness.Sent<Progress>()->step == 4);
  CHECK(harness.Sent<Progress>()->rows == 7);  // They were trained, with a loss that nobody knows.
  CHECK(harness.Sent<Progress>()->loss_sum == 0);
  CHECK(harness.Sent<Progress>()->extra_weight == -7);
}

TEST_CASE("StreamRunner: a run that is taken away, or fenced, is gone") {
  Harness harness(Consistency::kAsp);
  harness.GiveGrants({TrainGrant({0, 1}, 0, 6), TrainGrant({1, 1}, 0, 6)});
  CHECK(harness.runner->runs() == 2);
  harness.Read({{1, 1}, 1});
  harness.NotePulls();
  harness.GiveGrants({TrainGrant({1, 1}, 0, 6)});
  CHECK(harness.runner->runs() == 1);
  harness.AnswerPull({{1, 1}, 1}, PartCode::kFenced);
  CHECK(harness.runner->runs() == 0);
  harness.Read({{1, 1}, 2});  // A late answer of the reader.
  CHECK(harness.actions.messages.empty());
}

TEST_CASE("StreamRunner: scores are repeated until they are acknowledged") {
  Harness harness(Consistency::kBsp);
  Grant grant{{StreamId{1} << 63, 1}, 0, 6, {}};
  grant.work.kind = StreamWork::Kind::kEvaluate;
  grant.work.first_batch = 4;
  grant.work.last = 1;
  harness.GiveGrants({grant});
  REQUIRE(harness.actions.reads.size() == 1);
  CHECK(harness.actions.reads[0].evaluation);
  CHECK(harness.actions.reads[0].batch == 4);
  const StepKey key{grant.ref, 1};
  harness.Read(key);
  REQUIRE(harness.Sent<Pull>() != nullptr);
  CHECK(harness.Sent<Pull>()->kind == Pull::Kind::kReadOnly);
  // Read-only pulls bear no stamp.
  const OpId op = harness.actions.messages[0].message->header.request;
  const float value = 0.5f;
  harness.Answer(PullReply{{}, 0, {{0, PartCode::kOk, {&value, 1}}}, {}, nullptr}, op);
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].evaluation);
  harness.actions = {};
  harness.runner->Scored(key, {{1.0f}, {1.0f}, {2.0f}}, harness.now, &harness.actions);
  const auto result = harness.Sent<EvaluationResult>();
  REQUIRE(result != nullptr);
  CHECK(result->weights == std::vector<float>{2});
  harness.Wait(kMicrosPerSecond);
  CHECK(harness.Sent<EvaluationResult>() != nullptr);
  harness.Give(EvaluationAck{key.ref, 1});
  harness.Wait(kMicrosPerSecond);
  CHECK(harness.Sent<EvaluationResult>() == nullptr);
}

TEST_CASE("StreamRunner: a refused request is an error that ends the job") {
  Harness harness(Consistency::kAsp);
  harness.GiveGrants({TrainGrant(kRef, 0, 6)});
  harness.Read({kRef, 1});
  harness.NotePulls();
  harness.AnswerPull({kRef, 1}, PartCode::kInvalid);
  CHECK(harness.runner->error().code() == absl::StatusCode::kInvalidArgument);
}

// ---- Steps that may kill ----------------------------------------------------------------------

TEST_CASE("StreamRunner: a step that is run alone is announced, and nothing is done beside it") {
  Harness harness(Consistency::kAsp, {.steps_in_flight = 2, .reads_ahead = 1});
  constexpr StreamRef kOther{1, 1};
  const StepKey first{kRef, 1};
  harness.GiveGrants({TrainGrant(kRef, 0, 6), TrainGrant(kOther, 0, 6)},
                     {{StepNote::Kind::kAlone, 0, 1}});
  // Read alone.
  CHECK(harness.actions.reads.empty());
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kRef, 1});
  harness.Wait(kMicrosPerSecond);
  REQUIRE(harness.Sent<StepAlone>() != nullptr);  // Perhaps it was lost.
  CHECK(harness.actions.reads.empty());
  harness.Give(StepAloneAck{kRef, 1}, 1);
  REQUIRE(harness.actions.reads.size() == 1);
  CHECK(harness.actions.reads[0].key == first);
  harness.Give(StepAloneAck{kRef, 1}, 1);
  CHECK(harness.actions.reads.empty());
  harness.Read(first);
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kRef, 0});
  CHECK(harness.NotePulls() == 1);
  CHECK(harness.actions.reads.empty());
  // Then others go on, until it is its turn again.
  harness.Give(StepAloneAck{kRef, 0}, 2);
  const std::vector<ReadAction> reads = harness.actions.reads;
  REQUIRE(reads.size() == 5);  // Of the stream two more, of the other one three.
  harness.AnswerPull(first);
  CHECK(harness.actions.computes.empty());
  for (const ReadAction& read : reads) {
    CHECK(harness.Sent<StepAlone>() == nullptr);
    harness.Read(read.key);
    harness.NotePulls();
    CHECK(harness.actions.reads.empty());
  }
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kRef, 1});
  harness.AnswerPull({kOther, 1});
  CHECK(harness.actions.computes.empty());
  harness.Give(StepAloneAck{kRef, 1}, 1);  // Of its reading, once more.
  CHECK(harness.actions.computes.empty());
  harness.Give(StepAloneAck{kRef, 1}, 3);
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].key == first);
  // Nobody sees what it came to before it is known that it has killed nobody.
  harness.Compute(first);
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kRef, 0});
  CHECK(harness.Sent<Push>() == nullptr);
  harness.Give(StepAloneAck{kRef, 0}, 2);
  CHECK(harness.Sent<Push>() == nullptr);
  harness.Give(StepAloneAck{kRef, 0}, 4);
  REQUIRE(harness.Sent<Push>() != nullptr);
  CHECK(harness.Sent<Push>()->step == 1);
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].key == StepKey{kOther, 1});
  harness.AnswerPush(first);
  REQUIRE(harness.Sent<Progress>() != nullptr);
  CHECK(harness.Sent<Progress>()->step == 1);
}

TEST_CASE("StreamRunner: a stream that is taken away holds nobody up") {
  Harness harness(Consistency::kAsp);
  constexpr StreamRef kOther{1, 1};
  harness.GiveGrants({TrainGrant(kRef, 0, 6), TrainGrant(kOther, 0, 6)},
                     {{StepNote::Kind::kAlone, 0, 6}});
  CHECK(harness.actions.reads.empty());
  harness.GiveGrants({TrainGrant(kOther, 0, 6)});
  harness.Wait(1);
  CHECK(harness.actions.reads.empty());  // Begun with the grants.
  harness.Read({kOther, 1});
  CHECK(harness.NotePulls() == 1);
}

TEST_CASE("StreamRunner: batches of validation data are scored alone, and left out") {
  Harness harness(Consistency::kAsp);
  constexpr StreamRef kEvaluation{StreamId{1} << 63, 1};
  Grant grant{kEvaluation, 0, 6, {}};
  grant.work.kind = StreamWork::Kind::kEvaluate;
  grant.work.first_batch = 4;
  grant.work.last = 2;
  harness.GiveGrants({grant}, {{StepNote::Kind::kAlone, kEvaluation.stream, 2},
                               {StepNote::Kind::kSkipped, kEvaluation.stream, 1}});
  CHECK(harness.actions.reads.empty());
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kEvaluation, 2});
  harness.Give(StepAloneAck{kEvaluation, 2}, 1);
  REQUIRE(harness.actions.reads.size() == 1);
  CHECK(harness.actions.reads[0].evaluation);
  CHECK(harness.actions.reads[0].batch == 5);
  const StepKey key{kEvaluation, 2};
  harness.Read(key);
  OpId op = 0;
  for (const Outgoing& out : harness.actions.messages) {
    if (BodyAs<Pull>(*out.message) != nullptr) op = out.message->header.request;
  }
  harness.Give(StepAloneAck{kEvaluation, 0}, 2);
  const float value = 0.5f;
  harness.Answer(PullReply{{}, 0, {{0, PartCode::kOk, {&value, 1}}}, {}, nullptr}, op);
  CHECK(harness.actions.computes.empty());
  harness.Give(StepAloneAck{kEvaluation, 2}, 3);
  REQUIRE(harness.actions.computes.size() == 1);
  CHECK(harness.actions.computes[0].evaluation);
  // Nothing is said of it before it is known that it has killed nobody.
  harness.actions = {};
  harness.runner->Scored(key, {{1.0f}, {1.0f}, {}}, harness.now, &harness.actions);
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kEvaluation, 0});
  CHECK(harness.Sent<EvaluationResult>() == nullptr);
  harness.Give(StepAloneAck{kEvaluation, 0}, 4);
  REQUIRE(harness.Sent<EvaluationResult>() != nullptr);
  CHECK(harness.Sent<EvaluationResult>()->step == 2);
  harness.Give(EvaluationAck{kEvaluation, 2});
  CHECK(harness.Sent<StepAlone>() == nullptr);
}

TEST_CASE("StreamRunner: a step that has killed too many is one without rows") {
  Harness harness(GENERATE(Consistency::kAsp, Consistency::kBsp));
  harness.GiveGrants({TrainGrant(kRef, 0, 3)},
                     {{StepNote::Kind::kAlone, 0, 2}, {StepNote::Kind::kSkipped, 0, 1}});
  REQUIRE(harness.actions.reads.size() == 1);
  CHECK_FALSE(harness.actions.reads[0].exists);
  harness.Read({kRef, 1});
  REQUIRE(harness.Sent<StepAlone>() != nullptr);
  CHECK(*harness.Sent<StepAlone>() == StepAlone{kRef, 2});
}

}  // namespace
}  // namespace cairn
