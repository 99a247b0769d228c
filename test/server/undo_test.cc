#include "server/undo.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "support/sample_snapshots.h"

namespace cairn {
namespace {

std::vector<float> Weights(const TableShard& shard, const std::vector<uint64_t>& ids) {
  std::vector<float> weights(ids.size() * shard.schema().width());
  shard.Read(ids, TableShard::Missing::kInitial, weights.data());
  return weights;
}

std::vector<uint64_t> SortedIds(const TableShard& shard, const std::vector<Key>& keys) {
  std::vector<uint64_t> ids;
  for (const Key key : keys) ids.push_back(shard.schema().IdOf(key));
  std::sort(ids.begin(), ids.end());
  return ids;
}

TEST_CASE("Undo gives back what a step changed, a new row's initial weights included") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  TableShard& shard = shards[0];
  test::PushKeys(std::vector<Key>{1, 2}, 1.0f, &shard);
  const std::vector<uint64_t> ids = SortedIds(shard, {1, 2, 3});
  const std::vector<float> before = Weights(shard, ids);
  Undo undo;
  undo.Save(shard, ids);
  test::PushKeys(std::vector<Key>{1, 2, 3}, -2.0f, &shard);
  std::vector<float> read = Weights(shard, ids);
  REQUIRE(read != before);
  undo.Patch(shard, ids, read.data());
  CHECK(read == before);
}

TEST_CASE("Undo leaves alone what the step did not touch, and other tables") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  Undo undo;
  undo.Save(shards[0], SortedIds(shards[0], {1}));
  test::PushKeys(std::vector<Key>{1, 2}, 1.0f, &shards[0]);
  const std::vector<uint64_t> other = SortedIds(shards[0], {2});
  std::vector<float> read(other.size() * 4, 9);
  undo.Patch(shards[0], other, read.data());
  CHECK(read == std::vector<float>(4, 9));
  // The same ids of another table are other rows.
  std::vector<float> count = {9};
  undo.Patch(shards[2], SortedIds(shards[0], {1}), count.data());
  CHECK(count == std::vector<float>{9});
}

TEST_CASE("Undo answers in the order of the question, repeated ids included") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  TableShard& counts = shards[2];
  test::PushKeys(std::vector<Key>{1}, 1.0f, &counts);
  test::PushKeys(std::vector<Key>{2}, 2.0f, &counts);
  Undo undo;
  undo.Save(counts, SortedIds(counts, {1, 2}));
  const uint64_t one = counts.schema().IdOf(1), two = counts.schema().IdOf(2);
  std::vector<float> read(3);
  undo.Patch(counts, std::vector<uint64_t>{two, one, two}, read.data());
  CHECK(read == std::vector<float>{2, 1, 2});
}

TEST_CASE("Undo holds to what was saved first in a step") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  TableShard& counts = shards[2];
  test::PushKeys(std::vector<Key>{1}, 1.0f, &counts);
  Undo undo;
  undo.Save(counts, SortedIds(counts, {1}));
  test::PushKeys(std::vector<Key>{1, 2}, 5.0f, &counts);
  undo.Save(counts, SortedIds(counts, {1, 2}));
  counts.Erase(counts.schema().IdOf(1));
  std::vector<float> read(2);
  undo.Patch(counts, std::vector<uint64_t>{counts.schema().IdOf(1), counts.schema().IdOf(2)},
             read.data());
  CHECK(read == std::vector<float>{1, 5});
}

TEST_CASE("Undo forgets the former step") {
  std::vector<TableShard> shards = test::MakeShards(test::SampleJob(1), 0);
  const std::vector<uint64_t> ids = SortedIds(shards[2], {1});
  Undo undo;
  undo.Save(shards[2], ids);
  undo.Clear();
  std::vector<float> read = {9};
  undo.Patch(shards[2], ids, read.data());
  CHECK(read == std::vector<float>{9});
}

}  // namespace
}  // namespace cairn
