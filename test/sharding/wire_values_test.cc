#include "sharding/wire_values.h"

#include <catch2/catch.hpp>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("WireValues are read back as they are written") {
  for (const WireValues values : {WireValues::kF32, WireValues::kBf16, WireValues::kBf16F8}) {
    const auto read = ParseWireValues(FormatWireValues(values));
    REQUIRE(read.ok());
    CHECK(*read == values);
  }
  CHECK(std::string(MessageOf(ParseWireValues("int8").status())) ==
        "\"int8\" is none of f32, bf16, bf16+f8");
}

TEST_CASE("IsRounded: gradients and weights of sparse tables, and nothing else") {
  JobSpec job;
  TableSpec table;
  CHECK_FALSE(IsRounded(job, table));
  job.wire_values = WireValues::kBf16;
  CHECK(IsRounded(job, table));
  for (const char* exact : {"sum", "assign"}) {
    table.parts[0].optimizer.name = exact;
    CHECK_FALSE(IsRounded(job, table));
  }
  table.parts[0].optimizer.name = "ftrl";
  table.kind = TableSpec::Kind::kDense;
  CHECK_FALSE(IsRounded(job, table));
}

}  // namespace
}  // namespace cairn
