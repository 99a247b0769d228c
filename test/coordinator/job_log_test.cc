#include "coordinator/job_log.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("MemoryJobLog: keeps the records in order") {
  MemoryJobLog log;
  CHECK(log.Append({{1, {MemberLeft{4}}}, {2, {MemberLeft{5}, JobEnded{6, "why"}}}}).ok());
  REQUIRE(log.records().size() == 3);
  CHECK(std::get<JobEnded>(log.records()[2]).code == 6);
}

}  // namespace
}  // namespace cairn
