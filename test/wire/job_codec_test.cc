#include "wire/job_codec.h"

#include <catch2/catch.hpp>
#include <limits>

#include "support/sample_messages.h"
#include "wire/limits.h"

namespace cairn {
namespace {

JobSpec SampleJob() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const auto* welcome = BodyAs<Welcome>(sample.message)) return welcome->job;
  }
  return {};
}

absl::StatusOr<JobSpec> RoundTrip(const JobSpec& job) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteJob(job, &out);
  ByteReader in(bytes);
  JobSpec read;
  CAIRN_RETURN_IF_ERROR(ReadJob(&in, &read));
  CAIRN_RETURN_IF_ERROR(in.End("job"));
  return read;
}

std::string ErrorOf(const JobSpec& job) { return std::string(MessageOf(RoundTrip(job).status())); }

TEST_CASE("a job comes back equal") {
  const JobSpec job = SampleJob();
  REQUIRE(job.tables.size() == 2);
  const auto read = RoundTrip(job);
  REQUIRE(read.ok());
  CHECK(*read == job);
  CHECK(*RoundTrip(JobSpec{}) == JobSpec{});
}

TEST_CASE("a job brings what decides about a table's rows, and says nothing of what does not") {
  JobSpec job = SampleJob();
  std::vector<std::byte> plain, bytes;
  ByteWriter plain_out(&plain), out(&bytes);
  WriteJob(job, &plain_out);
  job.tables[0].retention = {.admit_count = 3,
                             .admit_probability = 0.5f,
                             .sketch_bytes = 1u << 20,
                             .expire_steps = 99,
                             .expire_below = 0.25f,
                             .bytes_max = uint64_t{1} << 33};
  WriteJob(job, &out);
  CHECK(bytes.size() == plain.size() + 40);
  CHECK(*RoundTrip(job) == job);
  for (size_t n = 0; n < bytes.size(); ++n) {
    ByteReader in{std::span(bytes).first(n)};
    JobSpec read;
    CHECK_FALSE(ReadJob(&in, &read).ok());
  }
}

TEST_CASE("a job with as many tables as there may be comes back") {
  JobSpec job = SampleJob();
  job.tables.resize(limits::kTablesMax, job.tables[0]);
  job.program.assign(limits::kProgramBytesMax, 'p');
  CHECK(*RoundTrip(job) == job);
}

TEST_CASE("a job out of range is refused by the name of the field") {
  JobSpec job = SampleJob();
  job.partitions = 24;
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.partitions"));
  job = SampleJob();
  job.tables[0].parts[1].width = 0;
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.tables.parts.width"));
  job = SampleJob();
  job.tables[0].parts.clear();
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.tables.parts"));
  job = SampleJob();
  job.tables[1].kind = static_cast<TableSpec::Kind>(2);
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.tables.kind"));
  job = SampleJob();
  job.mode.consistency = static_cast<Consistency>(3);
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.consistency"));
  job = SampleJob();
  job.program.assign(limits::kProgramBytesMax + 1, 'p');
  CHECK_THAT(ErrorOf(job), Catch::Contains("job.program"));
}

TEST_CASE("every truncation of a job is refused") {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteJob(SampleJob(), &out);
  for (size_t n = 0; n < bytes.size(); ++n) {
    ByteReader in{std::span(bytes).first(n)};
    JobSpec read;
    CHECK_FALSE(ReadJob(&in, &read).ok());
  }
}

JobPlan SamplePlan() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const auto* submit = BodyAs<Submit>(sample.message)) return submit->job.plan;
  }
  return {};
}

std::vector<std::byte> Bytes(const JobPlan& plan) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WritePlan(plan, &out);
  return bytes;
}

absl::StatusOr<JobPlan> Read(std::span<const std::byte> bytes) {
  ByteReader in(bytes);
  JobPlan plan;
  CAIRN_RETURN_IF_ERROR(ReadPlan(&in, &plan));
  CAIRN_RETURN_IF_ERROR(in.End("plan"));
  return plan;
}

TEST_CASE("a plan comes back equal, and every truncation of it is refused") {
  const std::vector<std::byte> bytes = Bytes(SamplePlan());
  REQUIRE(Read(bytes).ok());
  CHECK(*Read(bytes) == SamplePlan());
  CHECK(*Read(Bytes(JobPlan{})) == JobPlan{});
  for (size_t n = 0; n < bytes.size(); ++n) {
    CHECK_FALSE(Read(std::span(bytes).first(n)).ok());
  }
}

TEST_CASE("a plan's numbers that mean nothing are refused by the name of the field") {
  const auto with = [](auto change) {
    JobPlan plan = SamplePlan();
    change(&plan);
    return std::string(MessageOf(Read(Bytes(plan)).status()));
  };
  using Catch::Contains;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THAT(with([](JobPlan* p) { p->stop.metric = static_cast<StopRules::Metric>(3); }),
             Contains("plan.stop.metric: 3"));
  CHECK_THAT(with([](JobPlan* p) { p->schedule.warmup_share = kNan; }),
             Contains("plan.schedule.warmup_share"));
  CHECK_THAT(with([](JobPlan* p) { p->stop.max_seconds = kNan; }),
             Contains("plan.stop.max_seconds"));
  CHECK_THAT(with([](JobPlan* p) { p->stop.target = kNan; }), Contains("plan.stop.target"));
  CHECK_THAT(with([](JobPlan* p) { p->stop.min_delta = kNan; }), Contains("plan.stop.min_delta"));
  CHECK_THAT(with([](JobPlan* p) { p->stop.relative_change = kNan; }),
             Contains("plan.stop.relative_change"));
  std::vector<std::byte> bytes = Bytes(SamplePlan());
  bytes[104] = std::byte{2};  // decay: neither true nor false.
  CHECK_THAT(std::string(MessageOf(Read(bytes).status())), Contains("plan.schedule.decay"));
}

}  // namespace
}  // namespace cairn
