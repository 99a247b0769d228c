#include "coordinator/record_codec.h"

#include <catch2/catch.hpp>
#include <set>

#include "base/hash.h"
#include "coordinator/job_log_samples.h"

namespace cairn {
namespace {

std::vector<std::byte> BytesOf(const LogRecord& record) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteRecord(record, &out);
  return bytes;
}

std::vector<LogRecord> SampleRecords() {
  auto restored = std::make_shared<JobState>(Fold(SampleBatches(), 7));
  restored->checkpoints.push_back({3, 9, *restored, {{3, 0, 1, "p0", 7, 8, 9, 10, 11, ""}}});
  restored->taking = CheckpointState{4, kCutToCome, *restored, {}};
  std::vector<LogRecord> records = {JobRestored{std::move(restored)}};
  for (const LogBatch& batch : SampleBatches()) {
    records.insert(records.end(), batch.records.begin(), batch.records.end());
  }
  return records;
}

TEST_CASE("RecordCodec: the samples have every kind of record") {
  std::set<size_t> kinds;
  for (const LogRecord& record : SampleRecords()) kinds.insert(record.index());
  CHECK(kinds.size() == std::variant_size_v<LogRecord>);
}

TEST_CASE("RecordCodec: what was written is read, and folds to the same state") {
  JobState written, read;
  for (const LogRecord& record : SampleRecords()) {
    const std::vector<std::byte> bytes = BytesOf(record);
    ByteReader in(bytes);
    LogRecord again;
    REQUIRE(ReadRecord(&in, &again).ok());
    CHECK(in.remaining() == 0);
    CHECK(BytesOf(again) == bytes);
    written.Apply(record);
    read.Apply(again);
    CHECK(BytesOf(read) == BytesOf(written));
  }
  CHECK(read.job == written.job);
  CHECK(read.plan == written.plan);
  CHECK(read.init_files == written.init_files);
  CHECK(read.end.code == -3);
  CHECK(read.end.message == "why\n");
}

TEST_CASE("RecordCodec: a state is read as it was written") {
  const std::vector<LogBatch> batches = SampleBatches();
  for (size_t count = 0; count <= batches.size(); ++count) {
    const std::vector<std::byte> bytes = BytesOf(Fold(batches, count));
    ByteReader in(bytes);
    JobState state;
    REQUIRE(ReadState(&in, &state).ok());
    CHECK(in.remaining() == 0);
    CHECK(BytesOf(state) == bytes);
    // And goes on as the other would have.
    for (size_t i = count; i < batches.size(); ++i) {
      for (const LogRecord& record : batches[i].records) state.Apply(record);
    }
    CHECK(BytesOf(state) == BytesOf(Fold(batches, batches.size())));
  }
}

TEST_CASE("RecordCodec: bytes that are cut off or damaged are an error or another record") {
  for (const LogRecord& record : SampleRecords()) {
    const std::vector<std::byte> bytes = BytesOf(record);
    for (size_t length = 0; length < bytes.size(); ++length) {
      ByteReader in(std::span<const std::byte>(bytes).first(length));
      LogRecord again;
      CHECK(!ReadRecord(&in, &again).ok());
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
        std::vector<std::byte> damaged = bytes;
        damaged[at] ^= std::byte{flip};
        ByteReader in(damaged);
        LogRecord again;
        const absl::Status status = ReadRecord(&in, &again);
        if (!status.ok()) CHECK(status.code() == absl::StatusCode::kInvalidArgument);
      }
    }
  }
}

// The bytes are a format: a change of these is a new version of it (doc/job_log.md).
TEST_CASE("RecordCodec: these are the bytes") {
  uint64_t digest = 0;
  const std::vector<LogBatch> batches = SampleBatches();
  for (const LogRecord& record : SampleRecords()) {
    for (const std::byte byte : BytesOf(record))
      digest = HashWords(digest, static_cast<uint64_t>(byte));
  }
  for (const std::byte byte : BytesOf(Fold(batches, batches.size()))) {
    digest = HashWords(digest, static_cast<uint64_t>(byte));
  }
  CHECK(digest == 0xE58F5EA9DC4107CD);
}

}  // namespace
}  // namespace cairn
