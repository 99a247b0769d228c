#include "server/shard_cursor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "support/sample_snapshots.h"

namespace cairn {
namespace {

TEST_CASE("A cursor goes over all tables in order, and knows what it has passed",
          "[shard_cursor]") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  const std::vector<float> row(shards[2].schema().row_floats());
  std::vector<std::pair<size_t, uint64_t>> expected;  // Table 0 is empty; 1 has 8 blocks.
  for (uint64_t block = 0; block < 8; ++block) expected.emplace_back(1, block);
  for (const uint64_t id : {uint64_t{0}, uint64_t{1} << 40, ~uint64_t{0}}) {
    shards[2].Put(id, row);
    expected.emplace_back(2, id);
  }
  const size_t slice = GENERATE(1, 2, 3, 8, 100);
  ShardCursor cursor;
  std::vector<std::pair<size_t, uint64_t>> seen;
  std::vector<uint64_t> ids;
  while (!cursor.done(shards)) {
    for (const auto& [table, id] : expected) {
      const bool was_seen = std::find(seen.begin(), seen.end(), std::pair(table, id)) != seen.end();
      CHECK(cursor.Passed(table, id) == was_seen);
    }
    const size_t table = cursor.Next(shards, slice, &ids);
    REQUIRE(ids.size() <= slice);
    for (const uint64_t id : ids) seen.emplace_back(table, id);
  }
  CHECK(seen == expected);
  CHECK(cursor.Passed(2, ~uint64_t{0}));
}

}  // namespace
}  // namespace cairn
