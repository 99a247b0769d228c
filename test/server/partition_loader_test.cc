#include "server/partition_loader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/status.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Files = std::map<std::string, std::vector<std::byte>>;

constexpr Key kKeys = 40;

// A model of `partitions` files, in which key k of "counts" was pushed k, and block b of "dense" a
// gradient of its own.
Files SaveModel(uint32_t partitions) {
  const JobSpec job = test::SampleJob(partitions);
  Files files;
  for (uint32_t p = 0; p < partitions; ++p) {
    std::vector<TableShard> shards = test::MakeShards(job, p);
    for (Key key = 0; key < kKeys; ++key) {
      test::PushKeys(std::vector<Key>{key}, static_cast<float>(key), &shards[2]);
      if (key < 8) test::PushKeys(std::vector<Key>{key}, static_cast<float>(key), &shards[1]);
    }
    files["/model/p" + std::to_string(p)] = test::SnapshotOf(job, p, &shards);
  }
  return files;
}

// As the manifest of these very files names them.
std::vector<InitFile> NamesOf(const Files& files) {
  std::vector<InitFile> names;
  for (const auto& [path, bytes] : files) {
    names.push_back({path, Crc32c(bytes), static_cast<uint32_t>(names.size())});
  }
  return names;
}

// A partition of a new job, and its loader fed from `files`.
class Loading {
 public:
  Loading(const JobSpec& job, uint32_t index, Files files)
      : names_(NamesOf(files)), files_(std::move(files)) {
    context_.job = job;
    for (uint32_t table = 0; table < job.tables.size(); ++table) {
      context_.schemas.push_back(TableSchema::Make(job, table, {}).value());
    }
    partition_ = std::make_unique<Partition>(&context_, index);
  }

  // So many more, of one partition of the saved model.
  void Add(uint32_t partition, const Files& files) {
    for (const auto& [path, bytes] : files) {
      names_.push_back({path, Crc32c(bytes), partition});
      files_[path] = bytes;
    }
  }
  // The manifest speaks of these files instead.
  void Expect(const Files& files) { names_ = NamesOf(files); }

  absl::Status Run() {
    PartitionLoader loader(partition_.get(), context_.job.partitions, names_,
                           PartitionLoader::Stamps::kDropped, 9);
    while (!loader.done()) {
      const std::optional<StorageRequest> request = loader.NextRead();
      REQUIRE(request.has_value());
      REQUIRE(!loader.NextRead().has_value());  // One at a time.
      CHECK(request->ticket == 9);
      CAIRN_RETURN_IF_ERROR(loader.OnRead(Read(*request)));
    }
    REQUIRE(!loader.NextRead().has_value());
    return {};
  }

  // The shard's weights, [keys it owns].
  std::map<Key, float> Counts() {
    std::map<Key, float> counts;
    TableShard& shard = (*partition_->shards())[2];
    for (Key key = 0; key < kKeys; ++key) {
      const uint64_t id = shard.schema().IdOf(key);
      if (!shard.Owns(id)) continue;
      shard.Read(std::vector<uint64_t>{id}, TableShard::Missing::kInitial, &counts[key]);
    }
    return counts;
  }
  const TableShard& shard(size_t table) { return (*partition_->shards())[table]; }
  Partition* partition() { return partition_.get(); }
  StreamSet* streams() { return &context_.streams; }

 private:
  StorageResult Read(const StorageRequest& request) {
    const std::vector<std::byte>& bytes = files_.at(request.path);
    const size_t begin = std::min<size_t>(request.offset, bytes.size());
    const size_t end = std::min<size_t>(request.offset + request.length, bytes.size());
    return {request.ticket, request.kind, {}, {bytes.begin() + begin, bytes.begin() + end}};
  }

  PartitionContext context_;
  std::unique_ptr<Partition> partition_;
  std::vector<InitFile> names_;
  Files files_;
};

TEST_CASE("SourcesOfPartition: as many partitions, so a partition's own") {
  for (uint32_t p = 0; p < 8; ++p) CHECK(SourcesOfPartition(8, p, 8) == std::vector<uint32_t>{p});
}

TEST_CASE("SourcesOfPartition: any other number, so all that share the id's high or low bits") {
  CHECK(SourcesOfPartition(4, 1, 2) == std::vector<uint32_t>{1, 2, 3});  // Sparse 2, 3; dense 1, 3.
  CHECK(SourcesOfPartition(2, 1, 4) == std::vector<uint32_t>{0, 1});     // Sparse 0; dense 1.
  CHECK(SourcesOfPartition(2, 3, 4) == std::vector<uint32_t>{1});
  CHECK(SourcesOfPartition(1, 5, 8) == std::vector<uint32_t>{0});
}

// Partition p of a model of one file of all rows and two increments: keys below 40 were pushed k,
// then every 5th again, then every 4th erased, and key 40 came.
Files SaveChain(uint32_t partitions, uint32_t p) {
  const JobSpec job = test::SampleJob(partitions);
  Files files;
  std::vector<TableShard> shards = test::MakeShards(job, p);
  SnapshotHeader header = test::HeaderOf(job, p);
  const auto write = [&](uint64_t checkpoint, uint64_t since) {
    header.checkpoint = checkpoint;
    header.since = since;
    std::vector<std::byte> bytes;
    SnapshotWriter writer = SnapshotWriter::OfCheckpoint(header, &shards);
    while (writer.ScanSlice(3, &bytes)) {
    }
    writer.Finish({.lsn = checkpoint, .streams = {}}, &bytes);
    files["/model/p" + std::to_string(p) + "-" + std::to_string(checkpoint)] = bytes;
  };
  for (Key key = 0; key < kKeys; ++key) {
    test::PushKeys(std::vector<Key>{key}, static_cast<float>(key), &shards[2]);
  }
  write(1, 0);
  for (Key key = 0; key < kKeys; key += 5) {
    test::PushKeys(std::vector<Key>{key}, 100.0f, &shards[2]);
  }
  write(2, 1);
  for (Key key = 0; key < kKeys; key += 4) {
    const uint64_t id = shards[2].schema().IdOf(key);
    if (shards[2].Owns(id)) shards[2].Erase(id);
  }
  test::PushKeys(std::vector<Key>{kKeys}, 7.0f, &shards[2]);
  write(5, 2);
  return files;
}

TEST_CASE("PartitionLoader: increments come after what they are increments on") {
  const uint32_t saved = GENERATE(1, 2, 8);
  const uint32_t partitions = GENERATE(1, 4);
  std::map<Key, float> counts;
  uint64_t rows = 0;
  for (uint32_t p = 0; p < partitions; ++p) {
    Loading loading(test::SampleJob(partitions), p, {});
    for (uint32_t source = 0; source < saved; ++source) {
      loading.Add(source, SaveChain(saved, source));
    }
    REQUIRE(loading.Run() == absl::OkStatus());
    counts.merge(loading.Counts());
    rows += loading.shard(2).rows();
  }
  CHECK(rows == kKeys - kKeys / 4 + 1);
  for (Key key = 0; key < kKeys; ++key) {
    const float pushed = static_cast<float>(key) + (key % 5 == 0 ? 100.0f : 0.0f);
    CHECK(counts[key] == (key % 4 == 0 ? 0.0f : pushed));
  }
}

TEST_CASE("PartitionLoader: a chain with a link missing, or one that is another's, is damage") {
  const Files chain = SaveChain(1, 0);
  const auto error = [&](std::vector<std::string> paths) {
    Loading loading(test::SampleJob(1), 0, {});
    for (const std::string& path : paths) loading.Add(0, {{path, chain.at(path)}});
    const absl::Status status = loading.Run();
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    return std::string(status.message());
  };
  CHECK_THAT(error({"/model/p0-2"}),
             Catch::Contains("/model/p0-2: only what changed since checkpoint 1, without"));
  CHECK_THAT(error({"/model/p0-1", "/model/p0-5"}),
             Catch::Contains("since checkpoint 2, behind a file of checkpoint 1"));
  CHECK_THAT(error({"/model/p0-1", "/model/p0-1"}), Catch::Contains("all rows, where"));
}

TEST_CASE("PartitionLoader: every row comes back once, whatever the number of partitions") {
  const uint32_t saved = GENERATE(1, 2, 8);
  const uint32_t loaded = GENERATE(1, 2, 4);
  const Files files = SaveModel(saved);
  const JobSpec job = test::SampleJob(loaded);
  const std::vector<TableShard> whole = test::MakeShards(test::SampleJob(1), 0);
  std::map<Key, float> counts;
  uint64_t blocks = 0;
  for (uint32_t p = 0; p < loaded; ++p) {
    Loading loading(job, p, files);
    REQUIRE(loading.Run() == absl::OkStatus());
    for (const auto& [key, count] : loading.Counts()) CHECK(counts.emplace(key, count).second);
    blocks += loading.shard(1).rows();
    CHECK(loading.shard(0).rows() == 0);  // The model has no row of that table.
  }
  REQUIRE(counts.size() == kKeys);
  for (const auto& [key, count] : counts) CHECK(count == static_cast<float>(key));
  CHECK(blocks == whole[1].rows());
}

TEST_CASE("PartitionLoader: dense blocks come with their state, to the last bit") {
  Files files = SaveModel(4);
  Loading loading(test::SampleJob(1), 0, files);
  REQUIRE(loading.Run() == absl::OkStatus());
  std::vector<TableShard> trained = test::MakeShards(test::SampleJob(1), 0);
  for (Key key = 0; key < 8; ++key) {
    test::PushKeys(std::vector<Key>{key}, static_cast<float>(key), &trained[1]);
  }
  std::vector<float> loaded(trained[1].schema().row_floats()), expected(loaded.size());
  for (uint64_t block = 0; block < 8; ++block) {
    REQUIRE(loading.shard(1).Get(block, loaded.data()));
    REQUIRE(trained[1].Get(block, expected.data()));
    CHECK(std::memcmp(loaded.data(), expected.data(), loaded.size() * sizeof(float)) == 0);
  }
}

// ---- Going on -------------------------------------------------------------------------------

// Steps of one stream to partition 1 of a job with one sparse table.
class Steps {
 public:
  explicit Steps(const RetentionSpec& retention, uint32_t partitions = 2) {
    job_.partitions = partitions;
    TableSpec table;
    table.name = "t";
    table.retention = retention;
    job_.tables = {table};
  }
  const JobSpec& job() const { return job_; }

  void Push(StepIndex step, StepIndex prev, Loading* to) const {
    struct Arrays {
      std::vector<uint64_t> ids;
      std::vector<float> values;
    };
    SeededRandom random(step);
    std::set<uint64_t> ids;
    for (int i = 0; i < 60; ++i) {
      const uint64_t low = random.Below(3) > 0 ? random.Below(300) : random.Below(20'000);
      ids.insert(uint64_t{1} << 63 | Mix64(low) >> 1);
    }
    auto arrays = std::make_shared<Arrays>();
    arrays->ids.assign(ids.begin(), ids.end());
    for (const uint64_t id : ids) arrays->values.push_back(static_cast<float>(id % 7) - 3);
    cairn::Push push;
    push.ref = {0, 1};
    push.step = step;
    push.rows = 1;
    push.slices = {{0, arrays->ids, arrays->values, {}}};
    push.parts = {{1, 1, prev, 0, 1, 0, 1}};
    push.storage = arrays;
    const MessagePtr message = std::make_shared<const Message>(Message{{}, std::move(push)});
    const auto outcome = to->partition()->OnPush(message, BodyAs<cairn::Push>(*message)->parts[0]);
    REQUIRE(outcome.result.code == PartCode::kOk);
  }

 private:
  JobSpec job_;
};

std::map<uint64_t, std::vector<float>> RowsOf(const TableShard& shard) {
  std::vector<uint64_t> ids;
  shard.IdsInRange(0, ~uint64_t{0}, SIZE_MAX, &ids);
  std::map<uint64_t, std::vector<float>> rows;
  for (const uint64_t id : ids) {
    rows[id].resize(shard.schema().row_floats());
    REQUIRE(shard.Get(id, rows[id].data()));
  }
  return rows;
}

// Runs 2,000 steps; a snapshot is written while steps 701 to 1,000 are made, and loaded into
// another partition, which takes the rest of the steps too.
std::pair<std::unique_ptr<Loading>, std::unique_ptr<Loading>> RunTwice(
    const RetentionSpec& retention, const std::function<void(TableShard*)>& after_load) {
  const Steps steps(retention);
  auto one = std::make_unique<Loading>(steps.job(), 1, Files{});
  one->streams()->opened = 1;
  Files files;
  std::vector<std::byte>& bytes = files["/model/p1"];
  std::vector<TableShard> empty = test::MakeShards(steps.job(), 0);
  files["/model/p0"] = test::SnapshotOf(steps.job(), 0, &empty);
  SnapshotWriter writer(test::HeaderOf(steps.job(), 1), one->partition()->shards());
  bool more = true;
  for (StepIndex step = 1; step <= 1'000; ++step) {
    if (step == 701) one->partition()->set_snapshot(&writer);
    if (step > 700 && more) more = writer.ScanSlice(7, &bytes);
    steps.Push(step, step == 1 ? kStart : step - 1, one.get());
  }
  while (writer.ScanSlice(1'000, &bytes)) {
  }
  writer.Finish(one->partition()->Stamps(), &bytes);
  one->partition()->set_snapshot(nullptr);
  auto other = std::make_unique<Loading>(steps.job(), 1, files);
  REQUIRE(other->Run() == absl::OkStatus());
  REQUIRE(RowsOf(one->shard(0)) == RowsOf(other->shard(0)));
  after_load(&(*other->partition()->shards())[0]);
  other->streams()->opened = 1;
  for (StepIndex step = 1'001; step <= 2'000; ++step) {
    steps.Push(step, step - 1, one.get());
    steps.Push(step, step == 1'001 ? kStart : step - 1, other.get());
  }
  return {std::move(one), std::move(other)};
}

TEST_CASE("PartitionLoader: a partition goes on, to the last bit, as if it had not been saved") {
  const uint64_t budget = 2 * 500 * RowTable::BytesPerRow(2);
  const RetentionSpec retention = GENERATE_COPY(
      RetentionSpec{.admit_count = 2, .sketch_bytes = 64u << 10},
      RetentionSpec{.admit_count = 9, .sketch_bytes = 64u << 10, .expire_steps = 90},
      RetentionSpec{.admit_probability = 0.2f, .expire_steps = 70, .expire_below = 0.4f},
      RetentionSpec{.bytes_max = budget}, RetentionSpec{.expire_steps = 25, .bytes_max = budget});
  const auto [one, other] = RunTwice(retention, [](TableShard*) {});
  CHECK(one->shard(0).rows() > 100);
  CHECK(RowsOf(one->shard(0)) == RowsOf(other->shard(0)));
  CHECK(one->shard(0).retention()->state() == other->shard(0).retention()->state());
  const CountSketch* const sketch = one->shard(0).retention()->sketch();
  if (sketch == nullptr) return;
  const auto counters = sketch->counters(),
             others = other->shard(0).retention()->sketch()->counters();
  CHECK(std::equal(counters.begin(), counters.end(), others.begin(), others.end()));
}

TEST_CASE(
    "PartitionLoader: without its sketch, or its ages, a partition would come to other rows") {
  const bool has_sketch = GENERATE(true, false);
  const RetentionSpec retention = has_sketch
                                      ? RetentionSpec{.admit_count = 2, .sketch_bytes = 64u << 10}
                                      : RetentionSpec{.expire_steps = 1'500};
  const auto [one, other] = RunTwice(retention, [&](TableShard* shard) {
    if (has_sketch) {
      CountSketch* const sketch = shard->retention()->sketch();
      sketch->Restore(0, std::vector<std::byte>(sketch->bytes()));
    } else {
      shard->retention()->set_state({.hand = uint64_t{1} << 63});
    }
  });
  CHECK(RowsOf(one->shard(0)) != RowsOf(other->shard(0)));
}

TEST_CASE("PartitionLoader: with other rules or partitions, rows are young and sketches empty") {
  const Steps saved({.admit_count = 2, .sketch_bytes = 64u << 10, .expire_steps = 10});
  Loading one(saved.job(), 1, {});
  one.streams()->opened = 1;
  for (StepIndex step = 1; step <= 50; ++step) {
    saved.Push(step, step == 1 ? kStart : step - 1, &one);
  }
  Files files;
  std::vector<TableShard> empty = test::MakeShards(saved.job(), 0);
  files["/model/p0"] = test::SnapshotOf(saved.job(), 0, &empty);
  files["/model/p1"] = test::SnapshotOf(saved.job(), 1, one.partition()->shards());
  const bool other_partitions = GENERATE(true, false);
  const Steps wanted(
      {.admit_count = other_partitions ? 2u : 3u, .sketch_bytes = 64u << 10, .expire_steps = 10},
      other_partitions ? 1 : 2);
  Loading loading(wanted.job(), other_partitions ? 0 : 1, files);
  REQUIRE(loading.Run() == absl::OkStatus());
  const TableShard& shard = loading.shard(0);
  CHECK(shard.rows() == one.shard(0).rows());
  for (const auto& [id, row] : RowsOf(shard)) CHECK(StampOf(row.data()) == 0);
  CHECK(shard.retention()->state().age == 0);
  CHECK(shard.retention()->sketch()->counters().empty());
}

TEST_CASE("PartitionLoader: a damaged file is named, at whatever byte") {
  const Files whole = SaveModel(1);
  const size_t size = whole.begin()->second.size();
  for (size_t at = 0; at < size; at += 13) {
    Files files = whole;
    files.begin()->second[at] ^= std::byte{0x10};
    const absl::Status status = Loading(test::SampleJob(1), 0, files).Run();
    CHECK(!status.ok());
    CHECK(MessageOf(status).find("/model/p0") != std::string_view::npos);
  }
}

TEST_CASE("PartitionLoader: a file that was cut short is data loss") {
  Files files = SaveModel(2);
  files["/model/p1"].resize(files["/model/p1"].size() / 2);
  CHECK(Loading(test::SampleJob(2), 0, files).Run() == absl::OkStatus());  // Not its file.
  CHECK(Loading(test::SampleJob(2), 1, files).Run().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("PartitionLoader: a whole file that is not the manifest's is data loss") {
  const Files files = SaveModel(1);
  Files other = files;
  other.begin()->second.push_back(std::byte{0});
  Loading loading(test::SampleJob(1), 0, files);
  loading.Expect(other);
  const absl::Status status = loading.Run();
  CHECK(status.code() == absl::StatusCode::kDataLoss);
  CHECK(MessageOf(status).find("manifest") != std::string_view::npos);
}

TEST_CASE("PartitionLoader: a table that the job does not have is refused by name") {
  JobSpec job = test::SampleJob(1);
  job.tables[2].name = "other";
  const absl::Status status = Loading(job, 0, SaveModel(1)).Run();
  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(MessageOf(status).find("\"counts\"") != std::string_view::npos);
}

TEST_CASE("PartitionLoader: what the disk says is passed on") {
  JobSpec job = test::SampleJob(1);
  PartitionContext context;
  context.job = job;
  for (uint32_t t = 0; t < 3; ++t) context.schemas.push_back(TableSchema::Make(job, t, {}).value());
  Partition partition(&context, 0);
  PartitionLoader loader(&partition, 1, {{"/model/p0", 0}}, PartitionLoader::Stamps::kDropped, 1);
  REQUIRE(loader.NextRead().has_value());
  CHECK(loader.OnRead({1, StorageRequest::Kind::kRead, NotFound("no such file"), {}}).code() ==
        absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
