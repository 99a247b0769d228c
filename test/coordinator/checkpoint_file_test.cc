#include "coordinator/checkpoint_file.h"

#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "base/status.h"
#include "coordinator/job_log_samples.h"

namespace cairn {
namespace {

JobState SampleState(uint64_t checkpoint) {
  JobState state = Fold(SampleBatches(), 7);
  state.checkpoint = checkpoint;
  CheckpointState complete{checkpoint, kOwnMoment, state, {}};
  SnapshotDone file{checkpoint, 0, 1, "p0.snapshot", 3, 0x1234, 0, 0, 0, ""};
  complete.files = {file};
  return StateAsOf(state, std::move(complete));
}

// A checkpoint of one file of three bytes.
void Save(FileSystem* files, uint64_t number) {
  const std::string directory = JoinPath("/all", CheckpointDirectory(number));
  REQUIRE(files->CreateDirectories(directory).ok());
  const std::vector<std::byte> bytes = EncodeCheckpoint(SampleState(number));
  Manifest manifest;
  manifest.job = "a";
  manifest.files = {{0, "p0.snapshot", 3, 0x1234, 1}};
  manifest.state = DescribeCheckpointFile(bytes);
  const std::string text = FormatManifest(manifest);
  const std::vector<std::byte> snapshot(3);
  REQUIRE(files->WriteFileAtomically(JoinPath(directory, "p0.snapshot"), snapshot).ok());
  REQUIRE(files->WriteFileAtomically(JoinPath(directory, "JOB"), bytes).ok());
  REQUIRE(files
              ->WriteFileAtomically(JoinPath(directory, "MANIFEST"),
                                    std::as_bytes(std::span(text.data(), text.size())))
              .ok());
}

void Damage(FileSystem* files, const std::string& path, size_t byte) {
  std::vector<std::byte> bytes = files->ReadAll(path).value();
  bytes[byte] ^= std::byte{1};
  REQUIRE(files->WriteFileAtomically(path, bytes).ok());
}

TEST_CASE("Checkpoint file: the state comes back") {
  const JobState state = SampleState(3);
  const absl::StatusOr<JobState> read = DecodeCheckpoint(EncodeCheckpoint(state));
  REQUIRE(read.ok());
  CHECK(BytesOf(*read) == BytesOf(state));
}

TEST_CASE("Checkpoint file: another version, or no checkpoint, is said") {
  std::vector<std::byte> bytes = EncodeCheckpoint(SampleState(3));
  bytes[0] = std::byte{99};
  CHECK(DecodeCheckpoint(bytes).status().code() == absl::StatusCode::kUnimplemented);
  for (size_t length = 0; length < bytes.size(); length += 7) {
    bytes[0] = std::byte{2};
    CHECK(!DecodeCheckpoint(std::span(bytes).first(length)).ok());
  }
  CHECK(!DecodeCheckpoint(EncodeCheckpoint(Fold(SampleBatches(), 7))).ok());
}

TEST_CASE("Checkpoint file: the newest whole one is found, and damage is named") {
  MemoryFileSystem files;
  CHECK(FindCheckpoints(&files, "/all")->newest.empty());
  Save(&files, 9);
  Save(&files, 10);
  REQUIRE(files.CreateDirectories("/all/checkpoint-11").ok());  // Was never complete.
  REQUIRE(files.CreateDirectories("/all/checkpoint-x").ok());   // Nor is that one.
  absl::StatusOr<FoundCheckpoints> found = FindCheckpoints(&files, "/all");
  REQUIRE(found.ok());
  REQUIRE(found->newest.size() == 1);
  CHECK(found->newest[0].checkpoints.back().id == 10);
  CHECK(found->highest == 11);
  CHECK(found->notes.empty());
  Damage(&files, "/all/checkpoint-10/JOB", 5);
  found = FindCheckpoints(&files, "/all");
  REQUIRE(found.ok());
  CHECK(found->newest[0].checkpoints.back().id == 9);
  REQUIRE(found->notes.size() == 1);
  CHECK_THAT(found->notes[0], Catch::Contains("checkpoint 10"));
  CHECK_THAT(found->notes[0], Catch::Contains("JOB"));
  Damage(&files, "/all/checkpoint-9/MANIFEST", 5);
  CHECK(FindCheckpoints(&files, "/all").status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("Checkpoint file: a file of another size is damage, too") {
  MemoryFileSystem files;
  Save(&files, 1);
  const std::vector<std::byte> longer(4);
  REQUIRE(files.WriteFileAtomically("/all/checkpoint-1/p0.snapshot", longer).ok());
  CHECK(FindCheckpoints(&files, "/all").status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE("Checkpoint file: old checkpoints go, the newest of them first") {
  MemoryFileSystem files;
  CHECK(absl::IsNotFound(PruneCheckpoints(&files, "/all", {}, 9)));
  for (const uint64_t number : {8, 9, 10, 11, 12, 13}) Save(&files, number);
  REQUIRE(files.CreateDirectories("/all/mine").ok());
  CHECK(PruneCheckpoints(&files, "/all", {12}, 13).ok());
  CHECK(files.List("/all").value() ==
        std::vector<std::string>{"checkpoint-12", "checkpoint-13", "mine"});

  // What cannot go, but does not look whole any more, keeps nothing.
  for (const uint64_t number : {8, 9, 10}) Save(&files, number);
  REQUIRE(files.CreateDirectories("/all/checkpoint-10/mine/too").ok());
  CHECK_FALSE(PruneCheckpoints(&files, "/all", {}, 11).ok());
  CHECK_FALSE(files.Exists("/all/checkpoint-10/MANIFEST").value());
  CHECK_FALSE(files.Exists("/all/checkpoint-9").value());

  // What does may build on what was before it.
  for (const uint64_t number : {8, 9}) Save(&files, number);
  REQUIRE(files.CreateDirectories("/all/checkpoint-10/MANIFEST/mine").ok());
  CHECK_FALSE(PruneCheckpoints(&files, "/all", {}, 11).ok());
  CHECK(ReadCheckpoint(&files, "/all/checkpoint-9").ok());
  CHECK(ReadCheckpoint(&files, "/all/checkpoint-8").ok());
}

TEST_CASE("Checkpoint file: names of directories") {
  CHECK(CheckpointNumber(CheckpointDirectory(17)) == 17);
  CHECK(CheckpointNumber("checkpoint-") == 0);
  CHECK(CheckpointNumber("checkpoint-1x") == 0);
  CHECK(CheckpointNumber("p3-c1-t1-i2.snapshot") == 0);
}

}  // namespace
}  // namespace cairn
