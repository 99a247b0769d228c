// What the coordinator reads back of its own writing: the file of its log, as it lies on the disk;
// records and states behind their checksums, which random bytes never pass; and a checkpoint's JOB.
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/memory_file_system.h"
#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "coordinator/file_job_log.h"
#include "coordinator/job_log_samples.h"
#include "fuzz/fuzz_target.h"

namespace cairn {
namespace {

constexpr char kDirectory[] = "/job";
constexpr char kFirstFile[] = "/job/job-log-000000000001";
constexpr uint64_t kSegmentBytes = 4u << 10;

FuzzTarget::Bytes Copied(std::span<const std::byte> bytes) {
  FuzzTarget::Bytes copy(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

FileJobLog::Options OptionsOf(FileSystem* files) { return {files, kDirectory, kSegmentBytes}; }

// What is opened once can be opened again, and is the same.
int JobLogFuzz(const uint8_t* data, size_t size) {
  MemoryFileSystem files;
  CAIRN_CHECK(files.CreateDirectories(kDirectory).ok());
  CAIRN_CHECK(files.WriteFileAtomically(kFirstFile, std::as_bytes(std::span(data, size))).ok());
  auto opened = FileJobLog::Open(OptionsOf(&files));
  if (!opened.ok()) return -1;
  const std::vector<std::byte> once = BytesOf(opened->log->state());
  opened->log.reset();
  const auto again = FileJobLog::Open(OptionsOf(&files));
  CAIRN_CHECK(again.ok(), MessageOf(again.status()));
  CAIRN_CHECK(BytesOf(again->log->state()) == once);
  return 0;
}

std::vector<FuzzTarget::Bytes> JobLogSeeds() {
  MemoryFileSystem files;
  auto opened = FileJobLog::Open(OptionsOf(&files));
  CAIRN_CHECK(opened.ok());
  std::vector<FuzzTarget::Bytes> seeds = {Copied(files.ReadAll(kFirstFile).value())};
  const std::vector<LogBatch> batches = SampleBatches();
  CAIRN_CHECK(opened->log->Append({batches[0], batches[1]}).ok());
  CAIRN_CHECK(opened->log->Append({batches[2]}).ok());
  seeds.push_back(Copied(files.ReadAll(kFirstFile).value()));
  return seeds;
}

// Records one after the other, each of which fits the state before; what is read is written as it
// was read.
int RecordsFuzz(const uint8_t* data, size_t size) {
  ByteReader in(std::as_bytes(std::span(data, size)));
  JobState state;
  while (in.remaining() > 0) {
    LogRecord record;
    if (!ReadRecord(&in, &record).ok() || !CheckRecord(state, record).ok()) return -1;
    state.Apply(record);
  }
  const std::vector<std::byte> bytes = BytesOf(state);
  ByteReader written(bytes);
  JobState again;
  CAIRN_CHECK(ReadState(&written, &again).ok());
  CAIRN_CHECK(BytesOf(again) == bytes);
  return 0;
}

std::vector<FuzzTarget::Bytes> RecordsSeeds() {
  std::vector<std::byte> all;
  std::vector<FuzzTarget::Bytes> seeds;
  ByteWriter out(&all);
  for (const LogBatch& batch : SampleBatches()) {
    for (const LogRecord& record : batch.records) WriteRecord(record, &out);
    seeds.push_back(Copied(all));
  }
  return seeds;
}

int CheckpointFuzz(const uint8_t* data, size_t size) {
  const auto state = DecodeCheckpoint(std::as_bytes(std::span(data, size)));
  if (!state.ok()) return -1;
  const std::vector<std::byte> bytes = EncodeCheckpoint(*state);
  const auto again = DecodeCheckpoint(bytes);
  CAIRN_CHECK(again.ok(), MessageOf(again.status()));
  CAIRN_CHECK(EncodeCheckpoint(*again) == bytes);
  return 0;
}

std::vector<FuzzTarget::Bytes> CheckpointSeeds() {
  const JobState state = Fold(SampleBatches(), 12);
  return {Copied(EncodeCheckpoint(StateAsOf(state, state.checkpoints.front())))};
}

}  // namespace

FuzzTarget JobLogTarget() {
  return {.name = "job log",
          .run = JobLogFuzz,
          .seeds = JobLogSeeds,
          .allocated_fixed_max = 1u << 20,
          .allocated_per_byte_max = 512};
}

FuzzTarget RecordsTarget() {
  return {.name = "records",
          .run = RecordsFuzz,
          .seeds = RecordsSeeds,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 4'096};
}

FuzzTarget CheckpointTarget() {
  return {.name = "checkpoint",
          .run = CheckpointFuzz,
          .seeds = CheckpointSeeds,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 4'096};
}

}  // namespace cairn
