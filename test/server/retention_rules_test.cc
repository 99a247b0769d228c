#include "server/retention_rules.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "server/row_table.h"

namespace cairn {
namespace {

RetentionRules Rules(const RetentionSpec& spec, uint32_t partitions) {
  const auto rules = RetentionRules::Make(spec, partitions, 2);
  REQUIRE(rules.ok());
  return *rules;
}

TEST_CASE("RetentionRules: by default nothing is to be kept", "[retention_rules]") {
  const RetentionRules rules = Rules({}, 64);
  CHECK(!rules.any());
  CHECK(!rules.needs_stamps());
  CHECK(rules.admits_at_once());
  CHECK(rules.sketch_bytes == 0);
}

TEST_CASE("RetentionRules: a partition has its share of the sketches, within bounds",
          "[retention_rules]") {
  CHECK(Rules({.admit_count = 2}, 64).sketch_bytes == 256u << 10);
  CHECK(Rules({.admit_count = 2}, 1).sketch_bytes == 4u << 20);
  CHECK(Rules({.admit_count = 2, .sketch_bytes = 64u << 10}, 65'536).sketch_bytes == 64);
  CHECK(!Rules({.admit_count = 2}, 64).needs_stamps());
  CHECK(Rules({.admit_probability = 0.5f}, 64).sketch_bytes == 0);
  CHECK(!Rules({.admit_probability = 0.5f}, 64).admits_at_once());
}

TEST_CASE("RetentionRules: two ages are as long as expiry takes at least", "[retention_rules]") {
  CHECK(Rules({.expire_steps = 1}, 64).age_steps == 1);
  CHECK(Rules({.expire_steps = 7}, 64).age_steps == 4);
  CHECK(Rules({.expire_steps = 7}, 64).needs_stamps());
  CHECK(!Rules({.expire_steps = 7}, 64).has_budget());
}

TEST_CASE("RetentionRules: a budget is shared out, less the sketches, and counts whole rows",
          "[retention_rules]") {
  const uint64_t row = RowTable::BytesPerRow(2);
  const RetentionRules rules = Rules({.bytes_max = 64 * (1000 * row + row - 1)}, 64);
  CHECK(rules.rows_max == 1000);
  CHECK(rules.rows_aim == 1000 - 62);
  CHECK(rules.age_rows == 250);
  const uint64_t sketch = 256u << 10;
  CHECK(Rules({.admit_count = 2, .bytes_max = 64 * (1000 * row + sketch)}, 64).rows_max == 1000);
}

TEST_CASE("RetentionRules: a budget that is too small is refused, with the least that would do",
          "[retention_rules]") {
  const RetentionSpec spec = GENERATE(RetentionSpec{.bytes_max = 1000},
                                      RetentionSpec{.admit_count = 2, .bytes_max = 1u << 20});
  const auto refused = RetentionRules::Make(spec, 64, 2);
  CHECK(refused.status().code() == absl::StatusCode::kInvalidArgument);
  const std::string error(MessageOf(refused.status()));
  CHECK_THAT(error, Catch::Contains("bytes_max") && Catch::Contains("at least"));
  RetentionSpec enough = spec;
  const uint64_t sketches = spec.admit_count > 1 ? 16u << 20 : 0;
  enough.bytes_max = sketches + 64 * RetentionRules::kRowsLeast * RowTable::BytesPerRow(2);
  CHECK(Rules(enough, 64).rows_max == RetentionRules::kRowsLeast);
  --enough.bytes_max;
  CHECK(!RetentionRules::Make(enough, 64, 2).ok());
}

}  // namespace
}  // namespace cairn
