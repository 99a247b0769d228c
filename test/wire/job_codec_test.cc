#include "wire/job_codec.h"

#include <catch2/catch.hpp>

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

}  // namespace
}  // namespace cairn
