#include "sharding/plan_check.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

JobDefinition Definition(Consistency consistency) {
  JobDefinition job;
  job.spec.mode.consistency = consistency;
  job.spec.streams = 4;
  job.spec.tables = {TableSpec{.name = "t"}};
  job.plan.schedule = {.epochs = 2, .batches_per_epoch = 100};
  job.plan.schedule.fixed_streams = consistency == Consistency::kAsp ? 0 : 4;
  return job;
}

std::string ErrorOf(const JobDefinition& job) {
  const absl::Status status = CheckPlan(job);
  if (status.ok()) return {};
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("CheckPlan: takes what a coordinator can run") {
  CHECK(ErrorOf(Definition(Consistency::kAsp)).empty());
  CHECK(ErrorOf(Definition(Consistency::kBsp)).empty());
  CHECK(ErrorOf({{}, {}}).empty());  // No data: user programs.
}

TEST_CASE("CheckPlan: programs keep checkpoints in asp and bsp") {
  JobDefinition job;
  job.plan.checkpoints = {"/checkpoints", 30, 2, 1, false};
  for (const Consistency consistency : {Consistency::kAsp, Consistency::kBsp}) {
    job.spec.mode.consistency = consistency;
    CHECK(ErrorOf(job).empty());
  }
}

TEST_CASE("CheckPlan: names what would divide by zero, loop or grow without end") {
  const auto with = [](Consistency consistency, auto change) {
    JobDefinition job = Definition(consistency);
    change(&job.plan);
    return ErrorOf(job);
  };
  using Catch::Contains;
  constexpr auto kAsp = Consistency::kAsp;
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->lease_batches = 0; }), Contains("lease_batches is 0"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->schedule.batches_per_epoch = 0; }),
             Contains("batches_per_epoch is 0"));
  CHECK_THAT(with(kAsp,
                  [](JobPlan* p) {
                    p->lease_batches = 1;
                    p->schedule.batches_per_epoch = limits::kStreamsAtOnceMax + 1;
                  }),
             Contains("streams of an epoch"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->schedule.epochs = limits::kEpochsMax + 1; }),
             Contains("epochs"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->schedule.batches_per_epoch = limits::kBatchesMax; }),
             Contains("batches_per_epoch"));
  CHECK_THAT(with(Consistency::kSsp, [](JobPlan* p) { p->schedule.fixed_streams = 0; }),
             Contains("fixed_streams is 0, legal: 4 to 4"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->schedule.fixed_streams = 4; }),
             Contains("fixed_streams"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->servers = 0; }), Contains("servers is 0"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->workers = 65'537; }), Contains("workers"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->evaluation_batches = ~uint64_t{0}; }),
             Contains("evaluation_batches"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->schedule.warmup_share = 1.5f; }),
             Contains("warmup_share"));
  CHECK_THAT(with(kAsp, [](JobPlan* p) { p->save_dir.assign(5'000, 'd'); }), Contains("save_dir"));
}

TEST_CASE("CheckServers: each server needs a partition") {
  CHECK(CheckServers(64, 64).ok());
  CHECK(MessageOf(CheckServers(65, 64)) == "--servers 65 needs --partitions 128 or more");
}

TEST_CASE("CheckPlan: rules for stopping are numbers") {
  for (double StopRules::*field : {&StopRules::max_seconds, &StopRules::target,
                                   &StopRules::min_delta, &StopRules::relative_change}) {
    for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity()}) {
      JobDefinition job = Definition(Consistency::kAsp);
      job.plan.stop.*field = bad;
      CHECK_THAT(ErrorOf(job), Catch::Contains("stop."));
    }
  }
}

}  // namespace
}  // namespace cairn
