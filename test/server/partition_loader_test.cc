#include "server/partition_loader.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/crc32c.h"
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
    files["/model/p" + std::to_string(p)] = test::SnapshotOf(job, p, shards);
  }
  return files;
}

// As the manifest of these very files names them.
std::vector<InitFile> NamesOf(const Files& files) {
  std::vector<InitFile> names;
  for (const auto& [path, bytes] : files) names.push_back({path, Crc32c(bytes)});
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

  // The manifest speaks of these files instead.
  void Expect(const Files& files) { names_ = NamesOf(files); }

  absl::Status Run() {
    PartitionLoader loader(partition_.get(), context_.job.partitions, names_, 9);
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

TEST_CASE("FilesOfPartition: as many files as partitions, so a partition's own") {
  for (uint32_t p = 0; p < 8; ++p) CHECK(FilesOfPartition(8, p, 8) == std::vector<uint32_t>{p});
}

TEST_CASE("FilesOfPartition: any other number, so all that share the id's high or low bits") {
  CHECK(FilesOfPartition(4, 1, 2) == std::vector<uint32_t>{1, 2, 3});  // Sparse 2, 3; dense 1, 3.
  CHECK(FilesOfPartition(2, 1, 4) == std::vector<uint32_t>{0, 1});     // Sparse 0; dense 1.
  CHECK(FilesOfPartition(2, 3, 4) == std::vector<uint32_t>{1});
  CHECK(FilesOfPartition(1, 5, 8) == std::vector<uint32_t>{0});
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
  PartitionLoader loader(&partition, 1, {{"/model/p0", 0}}, 1);
  REQUIRE(loader.NextRead().has_value());
  CHECK(loader.OnRead({1, StorageRequest::Kind::kRead, NotFound("no such file"), {}}).code() ==
        absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
