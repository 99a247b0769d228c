// Snapshots between a partition's other work. With an executor around them: executor_core_test.cc.
#include "server/snapshot_jobs.h"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Kind = StorageRequest::Kind;
using Stage = SnapshotDone::Stage;

// Partition 0 of one, with some rows, and a disk that does what it is told, at once or not at all.
class Fixture {
 public:
  Fixture() {
    context.job = test::SampleJob(1);
    for (uint32_t table = 0; table < context.job.tables.size(); ++table) {
      context.schemas.push_back(TableSchema::Make(context.job, table, {}).value());
    }
    context.streams.opened = 1;
    partition = std::make_unique<Partition>(&context, 0);
    Push(0, 500);
  }

  void Push(Key first, Key end) {
    std::vector<Key> keys;
    for (Key key = first; key < end; ++key) keys.push_back(key);
    test::PushKeys(keys, 1.0f, &(*partition->shards())[2]);
  }
  void Ask(uint64_t checkpoint, uint64_t since, bool is_checkpoint = true) {
    const std::string directory = "/c/checkpoint-" + std::to_string(checkpoint);
    jobs.OnRequest({checkpoint, 0, 1, directory, kOwnMoment, is_checkpoint, since}, ++ticket_,
                   partition.get(), &actions);
  }
  // Until nothing is left to do; the answer that came, if one did.
  SnapshotDone Finish() {
    bool more = true;
    while (more || !actions.storage.empty()) {
      std::vector<StorageRequest> requests = std::move(actions.storage);
      actions.storage.clear();
      for (const StorageRequest& request : requests) Store(request);
      more = jobs.Advance(&actions);
    }
    if (actions.answers.empty()) return {};
    SnapshotDone done = actions.answers.back();
    actions.answers.clear();
    return done;
  }
  SnapshotDone Take(uint64_t checkpoint, uint64_t since, bool is_checkpoint = true) {
    Ask(checkpoint, since, is_checkpoint);
    return Finish();
  }

  PartitionContext context;
  std::unique_ptr<Partition> partition;
  static constexpr size_t kAppendBytes = 50'000;
  SnapshotJobs jobs{&context, 7, {.slice_rows = 256, .append_bytes = kAppendBytes}};
  SnapshotActions actions;
  std::map<std::string, std::vector<std::byte>> disk;
  std::vector<size_t> appended;  // Bytes of each piece.
  Kind fails = Kind::kRead;      // That kind of request; nothing asks for reads.

 private:
  void Store(const StorageRequest& request) {
    StorageResult result{request.ticket, request.kind, {}, {}};
    std::vector<std::byte>& file = disk[request.path];
    if (request.kind == fails) {
      result.status = absl::ResourceExhaustedError("the disk is full");
    } else if (request.kind == Kind::kAppend) {
      file.insert(file.end(), request.bytes.begin(), request.bytes.end());
      appended.push_back(request.bytes.size());
    } else if (request.kind == Kind::kAbort) {
      disk.erase(request.path);
    }
    jobs.OnStorage(result, &actions);
  }

  uint64_t ticket_ = 0;
};

TEST_CASE_METHOD(Fixture, "SnapshotJobs: an increment on what was written before it",
                 "[snapshot_jobs]") {
  const SnapshotDone first = Take(1, 0);
  CHECK(first.stage == Stage::kWritten);
  CHECK(first.error.empty());
  CHECK(first.since == 0);
  CHECK(first.rows == 500);
  Push(5, 8);
  const SnapshotDone second = Take(2, 1);
  CHECK(second.since == 1);
  CHECK(second.rows == 500);
  CHECK(second.bytes < first.bytes / 5);
  CHECK(second.bytes == disk.at("/c/checkpoint-2/" + second.file).size());
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(disk.at("/c/checkpoint-2/" + second.file), 100, &content).ok());
  CHECK(content.header.since == 1);
  CHECK(content.rows_told == 3);
  // It is answered again, not written again.
  Ask(2, 1);
  REQUIRE(actions.answers.size() == 1);
  CHECK(actions.answers[0] == second);
  CHECK(actions.storage.empty());
}

TEST_CASE_METHOD(Fixture, "SnapshotJobs: the disk gets large pieces", "[snapshot_jobs]") {
  Push(0, 20'000);
  const SnapshotDone done = Take(1, 0);
  REQUIRE(appended.size() > 3);
  for (size_t i = 0; i + 1 < appended.size(); ++i) {
    CHECK(appended[i] >= kAppendBytes);
    CHECK(appended[i] < kAppendBytes + 10'000);  // And what one slice more brings.
  }
  CHECK(disk.at("/c/checkpoint-1/" + done.file).size() == done.bytes);
}

TEST_CASE_METHOD(Fixture, "SnapshotJobs: all rows when an increment would be on something else",
                 "[snapshot_jobs]") {
  SECTION("on nothing") { CHECK(Take(1, 9).since == 0); }
  SECTION("on one that was given up after it was written") {
    Take(1, 0);
    Take(2, 1);
    CHECK(Take(3, 1).since == 0);
    CHECK(Take(4, 3).since == 3);
  }
  SECTION("on one of which the disk did not take all") {
    Take(1, 0);
    fails = GENERATE(Kind::kCreate, Kind::kAppend, Kind::kCommit);
    const SnapshotDone failed = Take(2, 1);
    CHECK(failed.error == "the disk is full");
    fails = Kind::kRead;
    Push(0, 3);
    const SnapshotDone next = Take(3, 1);
    CHECK(next.since == 0);
    CHECK(next.error.empty());
    CHECK(disk.size() == 2);
  }
  SECTION("on one that a newer one overtook") {
    Take(1, 0);
    Ask(2, 1);
    const SnapshotDone next = Take(3, 1);
    CHECK(next.checkpoint == 3);
    CHECK(next.since == 0);
  }
  SECTION("on one of another life of the partition") {
    Take(1, 0);
    jobs.Forget(0, &actions);
    partition = std::make_unique<Partition>(&context, 0);
    CHECK(Take(2, 1).since == 0);
  }
  SECTION("nobody has asked for an increment") {
    Take(1, 0);
    CHECK(Take(2, 0).since == 0);
    CHECK(Take(3, 2).since == 2);
  }
}

TEST_CASE_METHOD(Fixture, "SnapshotJobs: a model that is saved between checkpoints is of all rows",
                 "[snapshot_jobs]") {
  Take(1, 0);
  Push(5, 8);
  const SnapshotDone model = Take(2, 0, false);
  CHECK(model.since == 0);
  CHECK(model.bytes > 5'000);
  Push(8, 9);
  const SnapshotDone next = Take(3, 1);
  CHECK(next.since == 1);
  test::SnapshotContent content;
  REQUIRE(test::ParseSnapshot(disk.at("/c/checkpoint-3/" + next.file), 100, &content).ok());
  CHECK(content.rows_told == 4);
}

TEST_CASE_METHOD(Fixture, "SnapshotJobs: so many rows went that it was not noted which",
                 "[snapshot_jobs]") {
  Push(0, 12'000);
  Take(1, 0);
  TableShard& shard = (*partition->shards())[2];
  for (Key key = 0; key < 9'000; ++key) shard.Erase(shard.schema().IdOf(key));
  shard.MaybeForgetErased();
  const SnapshotDone next = Take(2, 1);
  CHECK(next.since == 0);
  CHECK(next.rows == 3'000);
}

}  // namespace
}  // namespace cairn
