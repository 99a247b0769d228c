#include "worker/client_stream.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn {
namespace {

constexpr uint64_t kLife = 77;
constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};

MemberCore::Options MemberOptions() {
  MemberCore::Options options;
  options.role = Role::kClient;
  options.incarnation = kLife;
  options.coordinator_address = "sim://0";
  return options;
}

// A member with its stream, and the coordinator that grants it.
class Harness {
 public:
  Harness() : member_(MemberOptions()) {
    Welcome welcome;
    welcome.process = 4;
    welcome.job.tables = {TableSpec{.name = "t"}};
    welcome.heartbeat_ms = 500;
    member_.Start(0, &out_);
    Receive(welcome);
    core_ = std::make_unique<ClientCore>(welcome.job, &member_, ClientCore::Options{});
    stream = std::make_unique<ClientStream>(&member_, core_.get());
  }

  ClientStream::News Grant(std::vector<cairn::Grant> list, uint64_t rollback_index = 0) {
    Receive(Grants{++index_, rollback_index, std::move(list), {}});
    return stream->OnGrants();
  }
  static cairn::Grant Of(StreamRef ref, StepIndex base = 0) {
    return {ref, base, 1'000, {.kind = StreamWork::Kind::kClient, .last = 1'000}};
  }
  // The step that it has come to, by steps that touch nothing.
  void Advance(StepIndex step) {
    while (core_->ProgressOf(stream->ref()) < step) {
      core_->SkipStep(stream->ref(), core_->ProgressOf(stream->ref()) + 1, 0, &out_);
    }
  }
  std::optional<StepIndex> Report(Micros now) {
    out_.clear();
    stream->Report(now, &out_);
    if (out_.empty()) return std::nullopt;
    CHECK(out_[0].address == "sim://0");
    CHECK(BodyAs<Progress>(*out_[0].message)->ref == stream->ref());
    return BodyAs<Progress>(*out_[0].message)->step;
  }
  const ClientCore& core() const { return *core_; }

  std::unique_ptr<ClientStream> stream;

 private:
  void Receive(Body body) {
    const ProcessId to{member_.self().process, kLife};
    member_.Receive(*MakeMessage(Header{kCoordinator, to, 0, 0}, std::move(body)), 0, &out_);
  }

  MemberCore member_;
  std::unique_ptr<ClientCore> core_;
  uint64_t index_ = 0;
  Outbox out_;
};

using News = ClientStream::News;

TEST_CASE("ClientStream: begins behind the recorded progress") {
  Harness harness;
  CHECK(harness.Grant({}) == News::kNone);
  CHECK(!harness.stream->granted());
  CHECK(harness.Grant({Harness::Of({3, 1}, 20)}) == News::kGranted);
  CHECK(harness.stream->base() == 20);
  CHECK(harness.core().HasRun({3, 1}));
  CHECK(harness.stream->fault().ok());
  CHECK(harness.Grant({Harness::Of({3, 1}, 20)}) == News::kNone);
}

TEST_CASE("ClientStream: when the job has gone back it says from where, until Resume") {
  Harness harness;
  harness.Grant({Harness::Of({3, 1})});
  harness.Advance(9);
  CHECK(harness.Grant({Harness::Of({3, 2}, 6)}, 40) == News::kLost);
  CHECK(harness.stream->taken_back());
  CHECK(harness.stream->fault().code() == absl::StatusCode::kDataLoss);
  CHECK_THAT(std::string(MessageOf(harness.stream->fault())), Catch::Contains("from step 7 on"));
  CHECK(!harness.core().HasRun({3, 1}));
  // Once more, before anybody has said that he knows; at first without a stream.
  CHECK(harness.Grant({}, 50) == News::kLost);
  CHECK(!harness.stream->granted());
  CHECK(harness.stream->fault().code() == absl::StatusCode::kDataLoss);
  CHECK(harness.Grant({Harness::Of({8, 3}, 2)}, 50) == News::kLost);
  CHECK_THAT(std::string(MessageOf(harness.stream->fault())), Catch::Contains("from step 3 on"));
  harness.stream->Resume();
  CHECK(harness.stream->fault().ok());
  CHECK(!harness.stream->taken_back());
  CHECK(harness.stream->base() == 2);
  CHECK(harness.core().HasRun({8, 3}));
}

TEST_CASE("ClientStream: a stream that is taken away does not come back") {
  Harness harness;
  harness.Grant({Harness::Of({3, 1})});
  CHECK(harness.Grant({}) == News::kLost);
  CHECK(!harness.stream->taken_back());
  CHECK(harness.stream->fault().code() == absl::StatusCode::kAborted);
  CHECK(harness.Grant({Harness::Of({4, 1})}) == News::kNone);
  CHECK(harness.stream->fault().code() == absl::StatusCode::kAborted);
}

TEST_CASE("ClientStream: after a push that failed none can follow, before the job goes back") {
  Harness harness;
  harness.Grant({Harness::Of({3, 1})});
  Completion completion;
  completion.is_push = true;
  CHECK(harness.stream->StatusOf(completion).ok());
  completion.code = Completion::Code::kError;
  completion.status = DeadlineExceeded("late");
  CHECK(harness.stream->StatusOf(completion) == completion.status);
  CHECK(harness.stream->fault() == completion.status);
  CHECK(harness.Grant({Harness::Of({3, 2}, 6)}, 40) == News::kLost);
  CHECK(!harness.stream->StatusOf(completion).ok());  // Of before.
  harness.stream->Resume();
  CHECK(harness.stream->fault().ok());
  completion = {};
  completion.code = Completion::Code::kPassed;
  CHECK(harness.stream->StatusOf(completion).code() == absl::StatusCode::kFailedPrecondition);
  CHECK(harness.stream->fault().ok());
  completion.code = Completion::Code::kFenced;
  CHECK(harness.stream->StatusOf(completion).code() == absl::StatusCode::kAborted);
  CHECK(harness.stream->fault().code() == absl::StatusCode::kAborted);
}

TEST_CASE("ClientStream: reports progress now and then, and the last one again") {
  Harness harness;
  CHECK(!harness.Report(kMicrosPerSecond).has_value());
  harness.Grant({Harness::Of({3, 1})});
  CHECK(!harness.Report(2 * kMicrosPerSecond).has_value());
  const Micros start = 3 * kMicrosPerSecond;
  harness.Advance(2);
  CHECK(harness.stream->next_report() <= start);
  CHECK(harness.Report(start) == 2);
  harness.Advance(5);
  CHECK(harness.stream->next_report() == start + ClientStream::kReportEvery);
  CHECK(!harness.Report(start + ClientStream::kReportEvery - 1).has_value());
  CHECK(harness.Report(start + ClientStream::kReportEvery) == 5);
  const Micros last = start + ClientStream::kReportEvery;
  CHECK(!harness.Report(last + ClientStream::kRepeatEvery - 1).has_value());
  CHECK(harness.Report(last + ClientStream::kRepeatEvery) == 5);
  // What is as of the checkpoint need not be said.
  harness.Grant({Harness::Of({3, 2}, 5)}, 40);
  CHECK(!harness.Report(last + 10 * kMicrosPerSecond).has_value());
}

}  // namespace
}  // namespace cairn
