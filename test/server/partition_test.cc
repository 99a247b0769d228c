#include "server/partition.h"

#include <bit>
#include <catch2/catch.hpp>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sharding/placement.h"

namespace cairn {
namespace {

struct KeyValue {
  Key key;
  float value;
};

// Arrays of one record, as a message's storage holds them.
struct Arrays {
  std::vector<uint64_t> ids;
  std::vector<float> values;
};

// One partition of a job with one table of one float a row, to which pushes add.
class Harness {
 public:
  explicit Harness(ConsistencyMode mode, const char* optimizer = "sum",
                   const RetentionSpec& retention = {}, WireValues values = WireValues::kF32) {
    context_.job.wire_values = values;
    context_.job.partitions = 1;
    context_.job.streams = 2;
    context_.job.mode = mode;
    TableSpec table;
    table.name = "t";
    table.parts[0].optimizer.name = optimizer;
    table.retention = retention;
    context_.job.tables = {table};
    context_.schemas = {*TableSchema::Make(context_.job, 0, {})};
    context_.streams.opened = 2;
    partition_ = std::make_unique<Partition>(&context_, 0);
  }

  struct Stamp {
    StreamId stream = 0;
    StepIndex step = 0;
    StepIndex prev = 0;
    uint32_t attempt = 1;
    uint32_t fragment = 0;
    uint32_t fragments = 1;
  };
  Partition::PushOutcome PushRows(const Stamp& stamp, std::vector<KeyValue> rows) {
    auto arrays = std::make_shared<Arrays>();
    for (const KeyValue& row : rows) {
      arrays->ids.push_back(IdOf(row.key));
      arrays->values.push_back(row.value);
    }
    Push push;
    push.ref = {stamp.stream, stamp.attempt};
    push.step = stamp.step;
    push.rows = 1;
    push.slices = {{0, arrays->ids, arrays->values, {}}};
    push.parts = {{0, 1, stamp.prev, stamp.fragment, stamp.fragments, 0, 1}};
    push.storage = arrays;
    const MessagePtr message = std::make_shared<const Message>(Message{{}, std::move(push)});
    return partition_->OnPush(message, BodyAs<Push>(*message)->parts[0]);
  }
  PartCode CodeOf(const Stamp& stamp, std::vector<KeyValue> rows) {
    const Partition::PushOutcome outcome = PushRows(stamp, std::move(rows));
    REQUIRE(outcome.answered);
    return outcome.result.code;
  }

  struct PullOf {
    StreamId stream = 0;
    StepIndex step = 0;
    StepIndex min = 0;
    uint32_t attempt = 1;
    Pull::Kind kind = Pull::Kind::kTraining;
  };
  Partition::PullOutcome Ask(const PullOf& of) { return partition_->OnPull(MakePull(of), part_); }
  float Read(const PullOf& of, Key key) {
    Pull pull = MakePull(of);
    const uint64_t id = IdOf(key);
    pull.slices = {{0, {&id, 1}, {}, {}}};
    PullPart part = pull.parts[0];
    part.slice_end = 1;
    const Partition::PullOutcome outcome = partition_->OnPull(pull, part);
    REQUIRE(!outcome.wait);
    REQUIRE(outcome.result.code == PartCode::kOk);
    REQUIRE(partition_->FloatsOf(pull, part) == 1);
    float value = 0;
    partition_->ReadPull(pull, part, &value);
    return value;
  }
  float Now(Key key) { return Read({.kind = Pull::Kind::kReadOnly}, key); }

  Partition& partition() { return *partition_; }
  StreamSet& streams() { return context_.streams; }
  static uint64_t IdOf(Key key) { return SparseId(key, TableSalt("t")); }

 private:
  Pull MakePull(const PullOf& of) {
    Pull pull;
    pull.kind = of.kind;
    pull.ref = {of.stream, of.attempt};
    pull.step = of.step;
    part_ = {0, 1, of.min, 0, 0};
    pull.parts = {part_};
    return pull;
  }

  PartitionContext context_;
  std::unique_ptr<Partition> partition_;
  PullPart part_;
};

constexpr ConsistencyMode kAspMode{Consistency::kAsp, 0};
constexpr ConsistencyMode kBspMode{Consistency::kBsp, 0};

TEST_CASE("Partition: pulls of training are rounded if the job says so, others are exact") {
  const auto pulled = [](WireValues values, Pull::Kind kind) {
    Harness harness(kAspMode, "sgd", {}, values);
    harness.PushRows({.step = 1, .prev = kStart}, {{7, 1.2345678f}});
    return harness.Read({.step = 2, .kind = kind}, 7);
  };
  const float exact = pulled(WireValues::kF32, Pull::Kind::kTraining);
  const float rounded = pulled(WireValues::kBf16F8, Pull::Kind::kTraining);
  CHECK(rounded != exact);
  CHECK(rounded == Approx(exact).epsilon(0.004));
  CHECK((std::bit_cast<uint32_t>(rounded) & 0xFFFF) == 0);
  CHECK(pulled(WireValues::kBf16F8, Pull::Kind::kReadOnly) == exact);
}

// ---- Stamps -----------------------------------------------------------------------------------

TEST_CASE("Partition: a repeated record is acknowledged and not applied again") {
  Harness harness(kAspMode);
  CHECK(harness.PushRows({.step = 1, .prev = kStart}, {{7, 2}}).changed);
  const Partition::PushOutcome again = harness.PushRows({.step = 1, .prev = kStart}, {{7, 2}});
  CHECK(again.answered);
  CHECK(again.result.code == PartCode::kOk);
  CHECK(!again.changed);
  CHECK(harness.Now(7) == 2);
}

TEST_CASE("Partition: a record whose predecessor is missing is a gap, named by the last step") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  const Partition::PushOutcome early = harness.PushRows({.step = 5, .prev = 3}, {{7, 1}});
  CHECK(early.result.code == PartCode::kGap);
  CHECK(early.result.last == 1);
  CHECK(harness.CodeOf({.step = 3, .prev = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 5, .prev = 3}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 3);
}

TEST_CASE("Partition: a predecessor before the last step is no gap") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.step = 4, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  // Of the former partition that step 4 has come from; of this one it touches nothing.
  CHECK(harness.CodeOf({.step = 3, .prev = kStart, .attempt = 2}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 6, .prev = 3, .attempt = 2}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 2);
}

TEST_CASE("Partition: an attempt starts its chain once") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  // A second start of the same attempt would leave a hole.
  CHECK(harness.CodeOf({.step = 4, .prev = kStart}, {{7, 1}}) == PartCode::kGap);
  CHECK(harness.CodeOf({.step = 4, .prev = kStart, .attempt = 2}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 6, .prev = kStart, .attempt = 2}, {{7, 1}}) == PartCode::kGap);
}

TEST_CASE("Partition: with fixed streams there is no start") {
  Harness harness(kBspMode);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kGap);
  CHECK(harness.CodeOf({.step = 1, .prev = 0}, {{7, 1}}) == PartCode::kOk);
}

TEST_CASE("Partition: a newer attempt fences the older one, a duplicate does not") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart, .attempt = 2}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 2, .prev = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 3, .prev = 2, .attempt = 2}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.step = 4, .prev = 3}, {{7, 1}}) == PartCode::kFenced);
  CHECK(harness.Ask({.step = 4}).result.code == PartCode::kFenced);
}

TEST_CASE("Partition: streams below the floor are fenced, those not yet opened come too early") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.stream = 2, .step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kBehind);
  CHECK(harness.Ask({.stream = 2, .step = 1}).result.code == PartCode::kBehind);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  harness.streams().floor = 1;
  harness.partition().OnStreamsChanged();
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kFenced);
  CHECK(harness.partition().Stamps().streams.empty());
  CHECK(harness.Now(7) == 1);
}

// ---- Fragments --------------------------------------------------------------------------------

TEST_CASE("Partition: a record is applied when its last fragment is in, in whatever order") {
  Harness harness(kAspMode);
  const auto fragment = [](uint32_t number) {
    return Harness::Stamp{.step = 1, .prev = kStart, .fragment = number, .fragments = 3};
  };
  CHECK(!harness.PushRows(fragment(2), {{9, 3}}).answered);
  CHECK(!harness.PushRows(fragment(0), {{7, 1}}).answered);
  CHECK(!harness.PushRows(fragment(0), {{7, 1}}).answered);  // It came twice.
  CHECK(harness.Now(7) == 0);
  CHECK(harness.partition().AssemblyBytes() > 0);
  CHECK(harness.PushRows(fragment(1), {{8, 2}}).result.code == PartCode::kOk);
  CHECK(harness.Now(7) == 1);
  CHECK(harness.Now(8) == 2);
  CHECK(harness.Now(9) == 3);
  CHECK(harness.partition().AssemblyBytes() == 0);
  CHECK(harness.CodeOf(fragment(1), {{8, 2}}) == PartCode::kOk);  // Late, and known.
  CHECK(harness.Now(8) == 2);
}

TEST_CASE("Partition: fragments of two attempts never make one record") {
  Harness harness(kAspMode);
  Harness::Stamp stamp{.step = 1, .prev = kStart, .fragment = 0, .fragments = 2};
  CHECK(!harness.PushRows(stamp, {{7, 1}}).answered);
  stamp.attempt = 2;
  stamp.fragment = 1;
  CHECK(!harness.PushRows(stamp, {{8, 1}}).answered);
  stamp.fragment = 0;
  CHECK(harness.PushRows(stamp, {{7, 5}}).answered);
  CHECK(harness.Now(7) == 5);
  CHECK(harness.Now(8) == 1);
}

TEST_CASE("Partition: a fragment of an older attempt does not disturb a newer one's record") {
  Harness harness(kAspMode);
  Harness::Stamp newer{.step = 1, .prev = kStart, .attempt = 2, .fragment = 0, .fragments = 2};
  CHECK(!harness.PushRows(newer, {{7, 5}}).answered);
  const Harness::Stamp older{
      .step = 1, .prev = kStart, .attempt = 1, .fragment = 0, .fragments = 2};
  CHECK(!harness.PushRows(older, {{7, 1}}).answered);
  newer.fragment = 1;
  CHECK(harness.PushRows(newer, {{8, 1}}).answered);
  CHECK(harness.Now(7) == 5);
}

// ---- bsp --------------------------------------------------------------------------------------

TEST_CASE("Partition, bsp: a step is applied when every stream has delivered") {
  Harness harness(kBspMode);
  CHECK(harness.CodeOf({.stream = 0, .step = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 0);
  CHECK(harness.Ask({.stream = 0, .step = 2}).wait);
  CHECK(harness.CodeOf({.stream = 1, .step = 1}, {{7, 2}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 3);
  CHECK(harness.partition().Stamps().version == 1);
  CHECK(!harness.Ask({.stream = 0, .step = 2}).wait);
}

TEST_CASE("Partition, bsp: of assign the last stream holds, whoever comes last") {
  Harness harness(kBspMode, "assign");
  CHECK(harness.CodeOf({.stream = 1, .step = 1}, {{7, 20}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.stream = 0, .step = 1}, {{7, 10}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 20);
}

TEST_CASE("Partition, bsp: a pull for the step just applied sees the values before it") {
  Harness harness(kBspMode);
  for (const StepIndex step : {1, 2}) {
    for (const StreamId stream : {0, 1}) {
      CHECK(harness.CodeOf({.stream = stream, .step = step, .prev = step - 1}, {{7, 1}}) ==
            PartCode::kOk);
    }
  }
  CHECK(harness.Now(7) == 4);
  CHECK(harness.Read({.step = 3}, 7) == 4);
  CHECK(harness.Read({.step = 2}, 7) == 2);  // Undone.
  CHECK(harness.Read({.step = 2}, 8) == 0);  // Untouched by the step.
  CHECK(harness.Ask({.step = 1}).result.code == PartCode::kPassed);
}

TEST_CASE("Partition, bsp: steps up to the one that it was loaded with are over") {
  Harness harness(kBspMode);
  SnapshotStamps stamps;
  stamps.lsn = 14;
  stamps.version = 7;
  stamps.streams = {{0, 1, 7}, {1, 1, 7}};
  harness.partition().Restore(stamps);
  CHECK(harness.Ask({.step = 6}).result.code == PartCode::kPassed);
  CHECK(harness.Ask({.step = 7}).result.code == PartCode::kPassed);  // There is no undo.
  CHECK(harness.Ask({.step = 8}).result.code == PartCode::kOk);
  CHECK(harness.Ask({.step = 9}).wait);
}

TEST_CASE("Partition, bsp: a pull for the step just applied sees rows that went with it") {
  Harness harness(kBspMode, "sum", {.expire_steps = 2});
  const auto step = [&](StepIndex number, std::vector<KeyValue> rows) {
    for (const StreamId stream : {0, 1}) {
      CHECK(harness.CodeOf({.stream = stream, .step = number, .prev = number - 1}, rows) ==
            PartCode::kOk);
    }
  };
  StepIndex last = 1;
  step(last, {{7, 1}, {9, 1}});
  while (harness.Now(7) == 2) {
    step(++last, {{8, 1}});
    REQUIRE(last < 10);
  }
  CHECK(last > 2);
  CHECK(harness.Read({.step = last}, 7) == 2);  // Before the step with which it went.
  CHECK(harness.Read({.step = last}, 9) == 2);
  CHECK(harness.Read({.step = last + 1}, 7) == 0);
}

TEST_CASE("Partition, bsp: a key without a row reads the same before and after a step") {
  Harness harness(kBspMode, "sum", {.admit_count = 3});
  for (const StreamId stream : {0, 1}) {
    CHECK(harness.CodeOf({.stream = stream, .step = 1}, {{7, 1}}) == PartCode::kOk);
  }
  CHECK(harness.Now(7) == 0);
  for (const StreamId stream : {0, 1}) {
    CHECK(harness.CodeOf({.stream = stream, .step = 2, .prev = 1}, {{7, 1}}) == PartCode::kOk);
  }
  CHECK(harness.Now(7) == 2);  // What the second step brought.
  CHECK(harness.Read({.step = 2}, 7) == 0);
}

TEST_CASE("Partition: ages pass with steps that have no rows") {
  Harness harness(kAspMode, "sum", {.expire_steps = 3});
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  for (StepIndex step = 2; step < 12; ++step) {
    CHECK(harness.CodeOf({.step = step, .prev = step - 1}, {}) == PartCode::kOk);
  }
  CHECK(std::as_const(harness.partition()).shards()[0].rows() == 0);
}

TEST_CASE("Partition, bsp: what comes before its turn is sent back, never kept over another") {
  Harness harness(kBspMode);
  CHECK(harness.CodeOf({.stream = 0, .step = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.CodeOf({.stream = 0, .step = 2, .prev = 1}, {{7, 10}}) == PartCode::kBehind);
  CHECK(harness.CodeOf({.stream = 1, .step = 1}, {{7, 2}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 3);
  CHECK(harness.CodeOf({.stream = 0, .step = 2, .prev = 1}, {{7, 10}}) == PartCode::kOk);
}

TEST_CASE("Partition, bsp: a stream that ended is not waited for") {
  Harness harness(kBspMode);
  CHECK(harness.CodeOf({.stream = 0, .step = 1}, {{7, 1}}) == PartCode::kOk);
  harness.streams().closed = {1};
  CHECK(harness.partition().OnStreamsChanged());
  CHECK(harness.Now(7) == 1);
}

// ---- ssp --------------------------------------------------------------------------------------

TEST_CASE("Partition, bsp: nothing new comes from a stream that ended") {
  Harness harness(kBspMode);
  CHECK(harness.CodeOf({.stream = 0, .step = 1, .prev = 0}, {{7, 1}}) == PartCode::kOk);
  harness.streams().closed = {1};
  harness.partition().OnStreamsChanged();  // Step 1 is complete without the ended stream.
  CHECK(harness.Now(7) == 1);
  CHECK(harness.CodeOf({.stream = 1, .step = 1, .prev = 0}, {{7, 10}}) == PartCode::kFenced);
  CHECK(harness.Ask({.stream = 1, .step = 1}).result.code == PartCode::kFenced);
  CHECK(harness.CodeOf({.stream = 0, .step = 1, .prev = 0}, {{7, 1}}) == PartCode::kOk);  // Again.
  CHECK(harness.CodeOf({.stream = 0, .step = 2, .prev = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 2);
}

TEST_CASE("Partition, ssp: a pull waits for the slowest stream within the staleness") {
  Harness harness({Consistency::kSsp, 1});
  CHECK(harness.CodeOf({.stream = 0, .step = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Now(7) == 1);  // Applied as it comes.
  CHECK(!harness.Ask({.stream = 0, .step = 2}).wait);
  CHECK(harness.Ask({.stream = 0, .step = 3}).wait);
  CHECK(harness.CodeOf({.stream = 1, .step = 1}, {{7, 1}}) == PartCode::kOk);
  CHECK(!harness.Ask({.stream = 0, .step = 3}).wait);
  harness.streams().closed = {1};
  CHECK(harness.Ask({.stream = 0, .step = 4}).wait);  // For its own step 2.
}

// ---- Reads and refusals -------------------------------------------------------------------------

TEST_CASE("Partition, asp: a pull waits until the reader's own push is in") {
  Harness harness(kAspMode);
  CHECK(harness.Ask({.step = 2, .min = 1}).wait);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {{7, 1}}) == PartCode::kOk);
  CHECK(harness.Read({.step = 2, .min = 1}, 7) == 1);
}

TEST_CASE("Partition: ids that do not ascend are refused, and nothing of them is applied") {
  Harness harness(kAspMode);
  auto arrays = std::make_shared<Arrays>();
  arrays->ids = {1, 3, 3, 5, 4};
  arrays->values = {1, 1, 1, 1, 1};
  Push push;
  push.ref = {0, 1};
  push.step = 1;
  const std::span<const uint64_t> ids = arrays->ids;
  const std::span<const float> values = arrays->values;
  push.slices = {{0, ids.first(3), values.first(3), {}}, {0, ids.subspan(2), values.first(3), {}}};
  push.parts = {{0, 1, kStart, 0, 1, 0, 1}, {0, 1, kStart, 0, 1, 1, 2}};
  push.storage = arrays;
  const MessagePtr message = std::make_shared<const Message>(Message{{}, std::move(push)});
  std::vector<std::string> errors;
  for (const PushPart& part : BodyAs<Push>(*message)->parts) {
    const Partition::PushOutcome outcome = harness.partition().OnPush(message, part);
    CHECK(outcome.result.code == PartCode::kInvalid);
    errors.push_back(outcome.error.substr(outcome.error.find("id ")));
  }
  CHECK(errors == std::vector<std::string>{"id 3 comes after 3, but ids have to ascend",
                                           "id 4 comes after 5, but ids have to ascend"});
  CHECK(harness.partition().shards()->at(0).rows() == 0);
}

TEST_CASE("Partition: what contradicts the job is refused and says how") {
  Harness harness(kAspMode);
  auto arrays = std::make_shared<Arrays>();
  arrays->ids = {1};
  arrays->values = {1, 2};
  Push push;
  push.ref = {0, 1};
  push.step = 1;
  push.slices = {{0, arrays->ids, arrays->values, {}}, {3, arrays->ids, arrays->values, {}}};
  push.parts = {{0, 1, kStart, 0, 1, 0, 1}, {0, 1, kStart, 0, 1, 1, 2}, {0, 1, kStart, 0, 1, 2, 9}};
  push.storage = arrays;
  const MessagePtr message = std::make_shared<const Message>(Message{{}, std::move(push)});
  for (const PushPart& part : BodyAs<Push>(*message)->parts) {
    const Partition::PushOutcome outcome = harness.partition().OnPush(message, part);
    CHECK(outcome.result.code == PartCode::kInvalid);
    CHECK(!outcome.error.empty());
  }
  CHECK(harness.partition().Stamps().lsn == 0);
}

TEST_CASE("Partition: a bare record moves the stamp and nothing else") {
  Harness harness(kAspMode);
  CHECK(harness.CodeOf({.step = 1, .prev = kStart}, {}) == PartCode::kOk);
  const SnapshotStamps stamps = harness.partition().Stamps();
  CHECK(stamps.lsn == 1);
  REQUIRE(stamps.streams.size() == 1);
  CHECK(stamps.streams[0] == StreamStamp{0, 1, 1});
  CHECK(std::as_const(harness.partition()).shards()[0].rows() == 0);
}

}  // namespace
}  // namespace cairn
