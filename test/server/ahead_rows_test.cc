#include "server/ahead_rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/random.h"
#include "base/status.h"
#include "server/partition.h"
#include "server/partition_loader.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

TEST_CASE("MergeStamps: one partition's are its own", "[ahead_rows]") {
  const SnapshotStamps stamps{3, 99, 0, {{5, 2, 7}}, {{5, 8, 1, 9}}};
  const FormerStamps former{1, 4, stamps};
  CHECK(*MergeStamps({&former, 1}) == stamps);
}

TEST_CASE("MergeStamps: all have what the last one has, some more", "[ahead_rows]") {
  const std::vector<FormerStamps> formers = {
      {0, 4, {3, 10, 0, {{2, 1, 4}, {5, 1, 7}, {6, 3, 2}}, {}}},
      {1, 4, {2, 12, 0, {{2, 1, 4}, {5, 2, 9}}, {}}},
      {2, 4, {3, 11, 0, {{5, 1, 7}}, {{5, 16, 9, 8}}}},
      {3, 4, {3, 11, 0, {{5, 1, 7}}, {{5, 16, 9, 8}}}}};
  const SnapshotStamps merged = *MergeStamps(formers);
  CHECK(merged.closed == 3);  // Stream 2 will not be heard of again.
  CHECK(merged.lsn == 12);
  CHECK(merged.streams == std::vector<StreamStamp>{{5, 2, 7}, {6, 3, 0}});
  CHECK(merged.ahead == std::vector<AheadStamp>{{5, 4, 1, 9}, {5, 16, 9, 8}, {6, 4, 0, 2}});
}

TEST_CASE("MergeStamps: partitions of a bsp job are of one step", "[ahead_rows]") {
  std::vector<FormerStamps> formers = {{0, 2, {0, 1, 7, {{0, 1, 7}, {1, 1, 3}}, {}}},
                                       {1, 2, {0, 1, 7, {{0, 1, 7}, {1, 1, 3}}, {}}}};
  REQUIRE(MergeStamps(formers).ok());
  CHECK(MergeStamps(formers)->version == 7);
  CHECK(MergeStamps(formers)->ahead.empty());
  formers[1].stamps.streams[0].last = 6;
  CHECK(MergeStamps(formers).status().code() == absl::StatusCode::kDataLoss);
  formers[1].stamps.version = 6;
  CHECK_THAT(std::string(MergeStamps(formers).status().message()),
             Catch::Contains("partition 1 is of step 6, where others are of step 7"));
}

JobSpec TwoTables(uint32_t partitions) {
  JobSpec job;
  job.partitions = partitions;
  job.tables = {{.name = "sparse"}, {.name = "dense", .kind = TableSpec::Kind::kDense}};
  job.tables[1].parts[0].width = 2;
  job.tables[1].dense_size = 64;
  for (TableSpec& table : job.tables) table.parts[0].optimizer.name = "sum";
  return job;
}

TEST_CASE("AheadRows: a step goes to the rows that do not have it", "[ahead_rows]") {
  const auto sparse = *TableSchema::Make(TwoTables(1), 0, {});
  const auto dense = *TableSchema::Make(TwoTables(1), 1, {});
  AheadRows rows(std::vector<AheadStamp>{{5, 4, 1, 9}, {5, 8, 4, 7}});
  CHECK(rows.Have(5, 7));
  CHECK(rows.Have(5, 9));
  CHECK_FALSE(rows.Have(5, 10));
  CHECK_FALSE(rows.Have(4, 7));
  const auto top = [](uint64_t bits) { return bits << 61; };  // Of the partition out of 8.
  const std::vector<uint64_t> ids = {top(0), top(2), top(3), top(4), top(5)};
  const std::vector<float> values = {0, 2, 3, 4, 5};
  const std::vector<uint32_t> counts = {10, 12, 13, 14, 15};
  const TableSlice seventh = rows.Lacking({0, ids, values, counts}, *sparse, 5, 7);
  CHECK(std::vector(seventh.ids.begin(), seventh.ids.end()) == std::vector{top(0), top(5)});
  CHECK(std::vector(seventh.values.begin(), seventh.values.end()) == std::vector<float>{0, 5});
  CHECK(std::vector(seventh.counts.begin(), seventh.counts.end()) == std::vector<uint32_t>{10, 15});
  CHECK(rows.Lacking({0, ids, values, {}}, *sparse, 5, 9).ids.size() == 3);
  CHECK(rows.Lacking({0, ids, values, {}}, *sparse, 5, 9).counts.empty());

  std::vector<uint64_t> blocks;
  std::vector<float> pairs;
  for (uint64_t block = 0; block < 8; ++block) {
    blocks.push_back(block);
    pairs.insert(pairs.end(), {static_cast<float>(block), -static_cast<float>(block)});
  }
  const TableSlice left = rows.Lacking({1, blocks, pairs, {}}, *dense, 5, 9);
  REQUIRE(left.ids.size() == 6);
  REQUIRE(left.values.size() == 12);
  for (size_t i = 0; i < 6; ++i) {
    CHECK(PartitionOfBlock(left.ids[i], dense->salt(), 4) != 1);
    CHECK(left.values[2 * i + 1] == -static_cast<float>(left.ids[i]));
  }
}

TEST_CASE("AheadRows: what all rows have is forgotten", "[ahead_rows]") {
  AheadRows rows(std::vector<AheadStamp>{{5, 4, 1, 9}, {5, 8, 4, 7}, {6, 4, 1, 2}});
  CHECK(rows.stamps().size() == 3);
  rows.OnApplied(5, 8);
  CHECK(rows.stamps() == std::vector<AheadStamp>{{5, 4, 1, 9}, {6, 4, 1, 2}});
  rows.OnApplied(4, 100);
  rows.OnApplied(5, 9);
  CHECK(rows.stamps() == std::vector<AheadStamp>{{6, 4, 1, 2}});
  rows.Forget(7);
  CHECK(rows.stamps().empty());
}

// ---- A job that goes on in other numbers of partitions, again and again ------------------------

constexpr StreamId kStreams = 3;
constexpr StepIndex kSteps = 60;
constexpr Key kKeys = 200;
constexpr uint64_t kBlocks = 32;

// asp: every step of every stream adds 1 to some keys and blocks.
class Cluster {
 public:
  Cluster(uint32_t partitions, uint32_t attempt) : attempt_(attempt) {
    context_.job = TwoTables(partitions);
    context_.streams.opened = kStreams;
    for (uint32_t table = 0; table < 2; ++table) {
      context_.schemas.push_back(TableSchema::Make(context_.job, table, {}).value());
    }
    for (uint32_t p = 0; p < partitions; ++p) {
      partitions_.push_back(std::make_unique<Partition>(&context_, p));
    }
  }

  // Partition p gets those of steps first .. last of a stream that have something for it.
  void Run(uint32_t p, StreamId stream, StepIndex first, StepIndex last) {
    StepIndex prev = kStart;
    for (StepIndex step = first; step <= last; ++step) {
      const MessagePtr message = Make(p, stream, step, prev);
      if (message == nullptr) continue;
      const auto outcome = partitions_[p]->OnPush(message, BodyAs<Push>(*message)->parts[0]);
      REQUIRE(outcome.result.code == PartCode::kOk);
      prev = step;
    }
  }

  // Of all partitions, and how they are named.
  std::vector<InitFile> Save(std::map<std::string, std::vector<std::byte>>* files) const {
    std::vector<InitFile> names;
    for (uint32_t p = 0; p < partitions_.size(); ++p) {
      SnapshotHeader header;
      header.job = context_.job.name;
      header.checkpoint = 1;
      header.partition = p;
      header.partitions = context_.job.partitions;
      header.tables = context_.job.tables;
      const std::string path = Concat("p", p);
      std::vector<std::byte>& bytes = (*files)[path];
      bytes.clear();
      SnapshotWriter writer(header, partitions_[p]->shards());
      while (writer.ScanSlice(1'000, &bytes)) {
      }
      writer.Finish(partitions_[p]->AppliedStamps(), &bytes);
      names.push_back({path, Crc32c(bytes), p});
    }
    return names;
  }
  void Load(const std::vector<InitFile>& names,
            const std::map<std::string, std::vector<std::byte>>& files) {
    for (const auto& partition : partitions_) {
      PartitionLoader loader(partition.get(), context_.job.partitions, names,
                             PartitionLoader::Stamps::kKept, 1);
      while (const std::optional<StorageRequest> read = loader.NextRead()) {
        const std::vector<std::byte>& bytes = files.at(read->path);
        const size_t begin = std::min<size_t>(read->offset, bytes.size());
        const size_t end = std::min<size_t>(read->offset + read->length, bytes.size());
        REQUIRE(
            loader.OnRead({1, read->kind, {}, {bytes.begin() + begin, bytes.begin() + end}}).ok());
      }
      REQUIRE(loader.done());
    }
  }

  bool IsUneven() const {
    return std::any_of(partitions_.begin(), partitions_.end(),
                       [](const auto& p) { return !p->Stamps().ahead.empty(); });
  }
  uint32_t partitions() const { return context_.job.partitions; }

  void CheckAllApplied() {
    std::map<uint64_t, float> expected[2];
    for (StreamId stream = 0; stream < kStreams; ++stream) {
      for (StepIndex step = 1; step <= kSteps; ++step) {
        for (const uint64_t id : IdsOf(0, stream, step)) ++expected[0][id];
        for (const uint64_t id : IdsOf(1, stream, step)) ++expected[1][id];
      }
    }
    for (uint32_t table = 0; table < 2; ++table) {
      uint64_t rows = 0;
      for (const auto& partition : partitions_) {
        const TableShard& shard = (*partition->shards())[table];
        for (const auto& [id, count] : expected[table]) {
          if (!shard.Owns(id)) continue;
          ++rows;
          std::vector<float> weights(shard.schema().width());
          shard.Read({&id, 1}, TableShard::Missing::kZero, weights.data());
          CHECK(weights == std::vector<float>(weights.size(), count));
        }
      }
      CHECK(rows == expected[table].size());
    }
  }

 private:
  struct Arrays {
    std::vector<uint64_t> ids[2];
    std::vector<float> values[2];
  };

  std::vector<uint64_t> IdsOf(uint32_t table, StreamId stream, StepIndex step) const {
    SeededRandom random(stream * 1'000 + step * 2 + table);
    std::set<uint64_t> ids;
    for (int i = 0; i < 4; ++i) {
      const uint64_t key = random.Below(table == 0 ? kKeys : kBlocks);
      ids.insert(context_.schemas[table]->IdOf(key));
    }
    return {ids.begin(), ids.end()};
  }

  // Null: the step has nothing for this partition.
  MessagePtr Make(uint32_t p, StreamId stream, StepIndex step, StepIndex prev) const {
    auto arrays = std::make_shared<Arrays>();
    Push push;
    push.ref = {stream, attempt_};
    push.step = step;
    push.rows = 1;
    for (uint32_t table = 0; table < 2; ++table) {
      const TableShard& shard = (*partitions_[p]->shards())[table];
      for (const uint64_t id : IdsOf(table, stream, step)) {
        if (shard.Owns(id)) arrays->ids[table].push_back(id);
      }
      arrays->values[table].assign(arrays->ids[table].size() * shard.schema().width(), 1);
      if (arrays->ids[table].empty()) continue;
      push.slices.push_back({table, arrays->ids[table], arrays->values[table], {}});
    }
    if (push.slices.empty()) return nullptr;
    push.parts = {{p, 1, prev, 0, 1, 0, static_cast<uint32_t>(push.slices.size())}};
    push.storage = arrays;
    return std::make_shared<const Message>(Message{{}, std::move(push)});
  }

  const uint32_t attempt_;
  PartitionContext context_;
  std::vector<std::unique_ptr<Partition>> partitions_;
};

TEST_CASE("AheadRows: whatever the numbers of partitions, each row gets each step once",
          "[ahead_rows]") {
  uint32_t uneven = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SeededRandom random(seed);
    StepIndex recorded[kStreams] = {};  // In all rows.
    auto cluster = std::make_unique<Cluster>(1u << random.Below(5), 1);
    for (uint32_t attempt = 2; attempt <= 5; ++attempt) {
      // Each partition is saved where it happens to be.
      StepIndex to[kStreams];
      for (StreamId stream = 0; stream < kStreams; ++stream) {
        to[stream] = recorded[stream] + random.Below((kSteps - recorded[stream]) / 2 + 1);
        for (uint32_t p = 0; p < cluster->partitions(); ++p) {
          const StepIndex last = to[stream] + random.Below(kSteps - to[stream] + 1) / 2;
          cluster->Run(p, stream, recorded[stream] + 1, last);
        }
      }
      std::map<std::string, std::vector<std::byte>> files;
      const std::vector<InitFile> names = cluster->Save(&files);
      for (StreamId stream = 0; stream < kStreams; ++stream) recorded[stream] = to[stream];
      cluster = std::make_unique<Cluster>(1u << random.Below(5), attempt);
      cluster->Load(names, files);
      uneven += cluster->IsUneven() ? 1 : 0;
    }
    for (StreamId stream = 0; stream < kStreams; ++stream) {
      for (uint32_t p = 0; p < cluster->partitions(); ++p) {
        cluster->Run(p, stream, recorded[stream] + 1, kSteps);
      }
    }
    cluster->CheckAllApplied();
  }
  CHECK(uneven > 60);
}

}  // namespace
}  // namespace cairn
