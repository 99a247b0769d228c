#include "cluster/checkpoints.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/sample_checkpoint.h"

namespace cairn {
namespace {

using absl::StatusCode;
using Numbers = std::vector<uint64_t>;

struct Fixture {
  std::vector<CheckpointInfo> List() { return ListCheckpoints(&files, dir).value(); }
  // Of the one of that number, after all of it was read.
  CheckpointInfo Verify(uint64_t number) {
    for (CheckpointInfo& info : List()) {
      if (info.number == number) return VerifyCheckpoint(&files, std::move(info));
    }
    FAIL("there is no checkpoint " << number);
    return {};
  }
  SampleCheckpoint Write(uint64_t number) { return WriteSampleCheckpoint(dir, number); }
  std::vector<std::byte> Read(const std::string& path) { return files.ReadAll(path).value(); }
  // `number` is damaged, and the message has `what` in it.
  void CheckDamaged(uint64_t number, const std::string& what) {
    const CheckpointInfo info = Verify(number);
    CHECK(info.has_manifest);
    CHECK_FALSE(info.complete());
    CHECK(info.damaged());
    CHECK_THAT(std::string(MessageOf(info.fault)), Catch::Contains(what));
  }
  Numbers Removed(const PrunePlan& plan) {
    Numbers numbers;
    for (const CheckpointInfo& info : plan.removed) numbers.push_back(info.number);
    return numbers;
  }

  TempDirectory temp;
  PosixFileSystem files;
  std::string dir = temp.PathOf("checkpoints");
};

TEST_CASE_METHOD(Fixture, "Checkpoints are listed by number, with what they are of",
                 "[checkpoints]") {
  Write(10);
  Write(9);
  REQUIRE(files.CreateDirectories(dir + "/checkpoint-11").ok());
  WriteWholeFile(dir + "/checkpoint-11/p0-c11-t1-i1.snapshot", std::vector<std::byte>(7));
  REQUIRE(files.CreateDirectories(dir + "/checkpoint-x").ok());
  REQUIRE(files.CreateDirectories(dir + "/checkpoint-012").ok());
  WriteWholeFile(dir + "/checkpoint-13", {});
  const std::vector<CheckpointInfo> all = List();
  REQUIRE(all.size() == 3);
  CHECK(all[0].number == 9);
  CHECK(all[0].complete());
  CHECK(all[0].path == dir + "/checkpoint-9");
  CHECK(all[0].files == 4);
  CHECK(all[0].bytes ==
        Read(all[0].path + "/p0.snapshot").size() + Read(all[0].path + "/p1.snapshot").size() +
            Read(all[0].path + "/JOB").size() + Read(all[0].path + "/MANIFEST").size());
  CHECK(all[0].rows() == kSampleKeys + kSampleKeys / 2);
  CHECK(all[0].job.job.name == "a job");
  CHECK(all[0].strays.empty());
  CHECK(all[1].number == 10);
  CHECK(all[2].number == 11);
  CHECK_FALSE(all[2].has_manifest);
  CHECK_FALSE(all[2].complete());
  CHECK(all[2].fault.ok());
  CHECK(all[2].bytes == 7);
}

TEST_CASE_METHOD(Fixture, "Without checkpoints it is said what is there instead", "[checkpoints]") {
  const auto error = [&](const std::string& directory) {
    const absl::Status status = ListCheckpoints(&files, directory).status();
    CHECK(status.code() == StatusCode::kNotFound);
    return std::string(MessageOf(status));
  };
  CHECK(error(dir) == "there is no directory " + dir);
  REQUIRE(files.CreateDirectories(dir).ok());
  CHECK(error(dir) ==
        "there is no checkpoint in " + dir + ": --checkpoint-dir of a training is meant");
  const std::string path = Write(3).path;
  CHECK_THAT(error(path), Catch::EndsWith("name the directory that it is in"));
  CHECK(error(path + "/JOB") == path + "/JOB is no directory");
}

TEST_CASE_METHOD(Fixture, "The newest complete one is chosen, or the one that is named",
                 "[checkpoints]") {
  Write(3);
  Write(4);
  REQUIRE(files.CreateDirectories(dir + "/checkpoint-5").ok());
  CHECK(ChooseCheckpoint(List(), 0)->number == 4);
  CHECK(ChooseCheckpoint(List(), 3)->number == 3);
  CHECK(ChooseCheckpoint(List(), 5).status().code() == StatusCode::kNotFound);
  CHECK(ChooseCheckpoint(List(), 6).status().code() == StatusCode::kNotFound);
  REQUIRE(files.Remove(dir + "/checkpoint-4/JOB").ok());
  CHECK(ChooseCheckpoint(List(), 0)->number == 3);
  CHECK(ChooseCheckpoint(List(), 4).status().code() == StatusCode::kDataLoss);
  REQUIRE(files.Remove(dir + "/checkpoint-3/JOB").ok());
  CHECK(ChooseCheckpoint(List(), 0).status().code() == StatusCode::kDataLoss);
  REQUIRE(files.Remove(dir + "/checkpoint-3/MANIFEST").ok());
  REQUIRE(files.Remove(dir + "/checkpoint-4/MANIFEST").ok());
  CHECK(ChooseCheckpoint(List(), 0).status().code() == StatusCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "A whole checkpoint is whole", "[checkpoints]") {
  Write(3);
  CHECK(Verify(3).complete());
}

TEST_CASE_METHOD(Fixture, "Every damaged byte is found, and its file named", "[checkpoints]") {
  const std::string path = Write(3).path;
  // So many bytes from one that is damaged to the next: all of the small files.
  const std::map<std::string, size_t> steps = {
      {"MANIFEST", 1}, {"JOB", 1}, {"p0.snapshot", 11}, {"p1.snapshot", 13}};
  for (const auto& [name, step] : steps) {
    const std::string file = JoinPath(path, name);
    const std::vector<std::byte> whole = Read(file);
    for (size_t at = 0; at < whole.size(); at += step) {
      std::vector<std::byte> bytes = whole;
      bytes[at] ^= std::byte{1} << (at % 8);
      WriteWholeFile(file, bytes);
      INFO(name << " at byte " << at);
      CheckDamaged(3, file);
    }
    // Its last byte, which is in the footer of a snapshot.
    std::vector<std::byte> bytes = whole;
    bytes.back() ^= std::byte{1};
    WriteWholeFile(file, bytes);
    CheckDamaged(3, file);
    WriteWholeFile(file, whole);
  }
  CHECK(Verify(3).complete());
}

TEST_CASE_METHOD(Fixture, "Of a damaged snapshot the place is named", "[checkpoints]") {
  const std::string file = Write(3).path + "/p1.snapshot";
  std::vector<std::byte> bytes = Read(file);
  bytes[bytes.size() / 2] ^= std::byte{64};
  WriteWholeFile(file, bytes);
  CHECK(List()[0].complete());  // By its size.
  const std::string why(MessageOf(Verify(3).fault));
  CHECK_THAT(why, Catch::StartsWith(file + ": snapshot is damaged in block "));
  CHECK_THAT(why, Catch::Contains(" at byte "));
}

TEST_CASE_METHOD(Fixture,
                 "Files that are cut short, longer or gone are damage, and one that is "
                 "too many is not",
                 "[checkpoints]") {
  const std::string path = Write(3).path;
  for (const char* name : {"JOB", "p0.snapshot"}) {
    const std::string file = JoinPath(path, name);
    const std::vector<std::byte> whole = Read(file);
    INFO(name);
    WriteWholeFile(file, std::span(whole).first(whole.size() - 1));
    CheckDamaged(3, file);
    std::vector<std::byte> longer = whole;
    longer.push_back({});
    WriteWholeFile(file, longer);
    CheckDamaged(3, file);
    REQUIRE(files.Remove(file).ok());
    CheckDamaged(3, file);
    WriteWholeFile(file, whole);
  }
  const std::string manifest = path + "/MANIFEST";
  const std::vector<std::byte> whole = Read(manifest);
  for (size_t length = 0; length < whole.size(); length += 3) {
    WriteWholeFile(manifest, std::span(whole).first(length));
    CheckDamaged(3, manifest);
  }
  REQUIRE(files.Remove(manifest).ok());
  CHECK_FALSE(List()[0].has_manifest);
  CHECK(Verify(3).fault.ok());
  WriteWholeFile(manifest, whole);
  WriteWholeFile(path + "/p9.snapshot", {});
  CHECK(Verify(3).complete());
  CHECK(Verify(3).strays == std::vector<std::string>{"p9.snapshot"});
}

TEST_CASE_METHOD(Fixture, "Whole files that do not belong together are damage", "[checkpoints]") {
  const auto [path, manifest] = Write(3);
  const std::string other = Write(4).path;
  SECTION("a snapshot of another checkpoint") {
    WriteWholeFile(path + "/p0.snapshot", Read(other + "/p0.snapshot"));
    CHECK(List()[0].complete());
    CheckDamaged(3, path + "/p0.snapshot: a whole snapshot, but not the one");
  }
  SECTION("a snapshot of another checkpoint, with a manifest that names it") {
    const Manifest more = WriteSampleModel(path, 2, "", 5);
    WriteSampleState(path, SampleJobState(3, more), more);
    CheckDamaged(3, path + "/p0.snapshot: a snapshot of checkpoint 5");
  }
  SECTION("a directory with another number") {
    std::filesystem::rename(path, dir + "/checkpoint-7");
    CheckDamaged(7, dir + "/checkpoint-7/JOB: it is of checkpoint 3");
  }
  SECTION("a job with other files") {
    JobState state = SampleJobState(3, manifest);
    state.checkpoints.back().files[1].crc ^= 1;
    WriteSampleState(path, state, manifest);
    CheckDamaged(3, path + "/JOB: its list of files is not the manifest's");
    state.checkpoints.back().files.pop_back();
    WriteSampleState(path, state, manifest);
    CheckDamaged(3, path + "/JOB: its list of files is not the manifest's");
  }
  SECTION("a manifest with another digest") {
    Manifest wrong = manifest;
    wrong.digest_low ^= 1;
    WriteSampleState(path, SampleJobState(3, manifest), wrong);
    CHECK(List()[0].complete());
    CheckDamaged(3, path + "/MANIFEST: the digest of all rows is ");
  }
  SECTION("a model, and no checkpoint") {
    WriteSampleManifest(path, manifest);
    CheckDamaged(3, path + ": a model, and no checkpoint");
  }
}

// JOB of a version to come.
void WriteNewerState(const std::string& path, const JobState& state, Manifest manifest) {
  std::vector<std::byte> bytes = EncodeCheckpoint(state);
  bytes[0] = std::byte{99};
  WriteWholeFile(path + "/JOB", bytes);
  manifest.state = DescribeCheckpointFile(bytes);
  WriteSampleManifest(path, manifest);
}

TEST_CASE_METHOD(Fixture, "What another version has written is not damaged", "[checkpoints]") {
  const auto [path, manifest] = Write(3);
  WriteNewerState(path, SampleJobState(3, manifest), manifest);
  const CheckpointInfo info = Verify(3);
  CHECK(info.has_manifest);
  CHECK_FALSE(info.complete());
  CHECK_FALSE(info.damaged());
  CHECK_THAT(std::string(MessageOf(info.fault)), Catch::Contains("version 99"));
}

TEST_CASE_METHOD(Fixture, "A checkpoint that its job removes meanwhile is not damaged",
                 "[checkpoints]") {
  Write(3);
  CheckpointInfo listed = List()[0];
  REQUIRE(RemoveCheckpoint(&files, listed.path).ok());
  const CheckpointInfo info = VerifyCheckpoint(&files, listed);
  CHECK_FALSE(info.complete());
  CHECK(info.fault.ok());
  CHECK(RemoveCheckpoint(&files, listed.path).ok());  // No more than that was wanted.
}

TEST_CASE("How far a training is follows from its streams", "[checkpoints]") {
  JobState job;
  job.checkpoints.push_back({1, kOwnMoment, {}, {}});
  CHECK(ProgressOf(job).epochs == 0);
  job.plan.schedule = {.epochs = 3, .batches_per_epoch = 100};
  // Its streams are not opened yet.
  CheckpointProgress progress = ProgressOf(job);
  CHECK(progress.epoch == 1);
  CHECK(progress.epochs == 3);
  CHECK(progress.batches == 100);
  CHECK(progress.batches_done == 0);
  job.epochs_opened = 1;
  job.streams[0].work = {.last = 60};
  job.streams[0].progress = 20;
  job.streams[0].limit = 25;
  job.streams[1].work = {.last = 30};
  job.streams[kEvaluationBit].work = {.kind = StreamWork::Kind::kEvaluate, .last = 50};
  CHECK(ProgressOf(job).batches_done == 30);
  // ssp: streams go on for all epochs, and their limit is this one's end.
  job.job.mode = {Consistency::kSsp, 1};
  job.streams[1].limit = 25;
  job.streams[1].progress = 22;
  CHECK(ProgressOf(job).batches_done == 92);
  job.streams.clear();
  job.epochs.resize(3);
  progress = ProgressOf(job);
  CHECK(progress.epoch == 3);
  CHECK(progress.batches_done == 100);
}

TEST_CASE("In bsp it follows from the step that the checkpoint is of", "[checkpoints]") {
  JobState job;
  job.job.mode.consistency = Consistency::kBsp;
  job.plan.schedule = {.epochs = 3, .batches_per_epoch = 10, .fixed_streams = 4};  // 3 steps each.
  const auto progress = [&](StepIndex cut) {
    job.checkpoints = {{1, cut, {}, {}}};
    const CheckpointProgress at = ProgressOf(job);
    CHECK(at.epochs == 3);
    CHECK(at.batches == 10);
    return std::pair(at.epoch, at.batches_done);
  };
  CHECK(progress(1) == std::pair<uint64_t, uint64_t>(1, 4));
  CHECK(progress(3) == std::pair<uint64_t, uint64_t>(1, 10));
  CHECK(progress(4) == std::pair<uint64_t, uint64_t>(2, 4));
  CHECK(progress(9) == std::pair<uint64_t, uint64_t>(3, 10));
  CHECK(progress(99) == std::pair<uint64_t, uint64_t>(3, 10));  // Beyond the end.
  job.plan.schedule.fixed_streams = 0;                          // No such job is ever written.
  CHECK(ProgressOf(job).batches_done == 0);
}

TEST_CASE_METHOD(Fixture, "The newest whole checkpoints stay, and what is not complete yet",
                 "[checkpoints]") {
  for (const uint64_t number : {3, 4, 6, 8}) Write(number);
  for (const char* name : {"/checkpoint-2", "/checkpoint-5", "/checkpoint-9"}) {
    REQUIRE(files.CreateDirectories(dir + name).ok());
  }
  const PrunePlan two = PlanPrune(&files, dir, 2).value();
  CHECK(two.kept == Numbers{6, 8});
  CHECK(Removed(two) == Numbers{5, 4, 3, 2});
  CHECK(two.notes.empty());
  CHECK(List().size() == 7);
  const PrunePlan many = PlanPrune(&files, dir, 9).value();
  CHECK(many.kept == Numbers{3, 4, 6, 8});
  CHECK(Removed(many) == Numbers{5, 2});
  for (const CheckpointInfo& info : two.removed) CHECK(RemoveCheckpoint(&files, info.path).ok());
  Numbers left;
  for (const CheckpointInfo& info : List()) left.push_back(info.number);
  CHECK(left == Numbers{6, 8, 9});
}

TEST_CASE_METHOD(Fixture, "Damage does not count as a checkpoint that is kept", "[checkpoints]") {
  for (const uint64_t number : {3, 4, 5, 6}) Write(number);
  const auto damage = [&](uint64_t number) {
    const std::string file = JoinPath(JoinPath(dir, CheckpointDirectory(number)), "p0.snapshot");
    std::vector<std::byte> bytes = Read(file);
    bytes[bytes.size() / 2] ^= std::byte{1};
    WriteWholeFile(file, bytes);
  };
  damage(6);
  damage(4);
  const PrunePlan plan = PlanPrune(&files, dir, 2).value();
  CHECK(plan.kept == Numbers{3, 5});
  CHECK(Removed(plan) == Numbers{4});
  REQUIRE(plan.notes.size() == 1);
  CHECK_THAT(plan.notes[0], Catch::StartsWith("checkpoint 6 stays: " + dir));
  damage(3);
  damage(5);
  const absl::Status none = PlanPrune(&files, dir, 1).status();
  CHECK(none.code() == StatusCode::kDataLoss);
  CHECK_THAT(std::string(MessageOf(none)), Catch::Contains("checkpoint-6/p0.snapshot"));
}

TEST_CASE_METHOD(Fixture, "What cannot be read here is not pruned", "[checkpoints]") {
  const auto [path, manifest] = Write(3);
  WriteNewerState(path, SampleJobState(3, manifest), manifest);
  Write(4);
  const PrunePlan plan = PlanPrune(&files, dir, 2).value();
  CHECK(plan.kept == Numbers{4});
  CHECK(plan.removed.empty());
  CHECK(plan.notes.size() == 1);
}

TEST_CASE_METHOD(Fixture, "Where nothing is complete, nothing is pruned", "[checkpoints]") {
  REQUIRE(files.CreateDirectories(dir + "/checkpoint-1").ok());
  CHECK(PlanPrune(&files, dir, 1).status().code() == StatusCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "A removal that stops in the middle leaves nothing that looks whole",
                 "[checkpoints]") {
  const std::string path = Write(3).path;
  REQUIRE(files.CreateDirectories(path + "/A/not empty").ok());  // Comes before all the others.
  CHECK_FALSE(RemoveCheckpoint(&files, path).ok());
  CHECK_FALSE(List()[0].has_manifest);
  CHECK(List()[0].files == 4);  // A, JOB and the snapshots.
}

}  // namespace
}  // namespace cairn
