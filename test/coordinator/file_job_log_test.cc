#include "coordinator/file_job_log.h"

#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "coordinator/job_log_samples.h"

namespace cairn {
namespace {

using Catch::Contains;

constexpr char kDirectory[] = "/jobs/1";

absl::StatusOr<FileJobLog::Opened> OpenIn(FileSystem* files, uint64_t segment_bytes = 16'384) {
  return FileJobLog::Open(
      {.files = files, .directory = kDirectory, .segment_bytes = segment_bytes});
}

std::string OnlyFile(FileSystem* files) {
  const std::vector<std::string> names = files->List(kDirectory).value();
  REQUIRE(names.size() == 1);
  return JoinPath(kDirectory, names[0]);
}

// A disk with a log of these, and nothing else.
std::vector<std::byte> Logged(const std::vector<LogBatch>& batches) {
  MemoryFileSystem files;
  auto opened = OpenIn(&files);
  REQUIRE(opened.ok());
  for (const LogBatch& batch : batches) REQUIRE(opened->log->Append({batch}).ok());
  return files.ReadAll(OnlyFile(&files)).value();
}

absl::StatusOr<FileJobLog::Opened> OpenBytes(MemoryFileSystem* files,
                                             std::span<const std::byte> bytes) {
  REQUIRE(files->CreateDirectories(kDirectory).ok());
  const std::string path = JoinPath(kDirectory, "job-log-000000000001");
  REQUIRE(files->WriteFileAtomically(path, bytes).ok());
  return OpenIn(files);
}

size_t UsedOf(const std::vector<std::byte>& bytes) {
  size_t used = bytes.size();
  while (used > 0 && bytes[used - 1] == std::byte{0}) --used;
  return used;
}

TEST_CASE("FileJobLog: what was appended is there after a crash, in one file") {
  const std::vector<LogBatch> batches = SampleBatches();
  for (const uint64_t segment_bytes : {uint64_t{1}, uint64_t{2'000}, FileJobLog::kSegmentBytes}) {
    MemoryFileSystem files;
    for (size_t count = 0; count <= batches.size(); ++count) {
      auto opened = OpenIn(&files, segment_bytes);
      REQUIRE(opened.ok());
      CHECK(opened->notes.empty());
      CHECK(BytesOf(opened->log->state()) == BytesOf(Fold(batches, count)));
      if (count < batches.size()) REQUIRE(opened->log->Append({batches[count]}).ok());
      OnlyFile(&files);
      files.Crash();
    }
  }
}

TEST_CASE("FileJobLog: files that are full give way to new ones") {
  MemoryFileSystem files;
  auto opened = OpenIn(&files, 2'000);
  REQUIRE(opened.ok());
  const std::vector<LogBatch> batches = SampleBatches();
  REQUIRE(opened->log->Append({batches.begin(), batches.begin() + 4}).ok());
  uint64_t index = opened->log->state().index;
  std::string last;
  size_t changes = 0;
  for (uint64_t step = 1; step <= 500; ++step) {
    REQUIRE(opened->log->Append({{++index, {StreamProgressed{{0, 1}, step, 1, 1, 0}}}}).ok());
    const std::string path = OnlyFile(&files);
    changes += path != last ? 1 : 0;
    last = path;
    CHECK(files.Size(path).value() < 8'000);
  }
  CHECK(changes > 10);
  files.Crash();
  auto again = OpenIn(&files);
  REQUIRE(again.ok());
  CHECK(again->log->state().streams.at(0).progress == 500);
  CHECK(again->log->state().streams.at(0).rows == 500);
}

TEST_CASE("FileJobLog: a damaged byte takes nothing") {
  const std::vector<LogBatch> batches = SampleBatches();
  const std::vector<std::byte> whole = Logged(batches);
  const std::vector<std::byte> state = BytesOf(Fold(batches, batches.size()));
  for (size_t at = 0; at < UsedOf(whole); ++at) {
    std::vector<std::byte> damaged = whole;
    damaged[at] ^= std::byte{0x41};
    MemoryFileSystem files;
    auto opened = OpenBytes(&files, damaged);
    REQUIRE(opened.ok());
    CHECK(BytesOf(opened->log->state()) == state);
  }
}

TEST_CASE("FileJobLog: what is damaged beyond repair is named") {
  const std::vector<LogBatch> batches = SampleBatches();
  const std::vector<std::byte> whole = Logged(batches);
  const size_t used = UsedOf(whole);
  // Both copies of something, wherever it lies, with something behind it.
  constexpr size_t kLong = 600, kBehind = 200;
  for (size_t at = 0; at + kLong + kBehind < used; at += 40) {
    std::vector<std::byte> damaged = whole;
    std::fill_n(damaged.begin() + static_cast<ptrdiff_t>(at), kLong, std::byte{0x5A});
    MemoryFileSystem files;
    const auto opened = OpenBytes(&files, damaged);
    INFO(at << " of " << used);
    REQUIRE(opened.status().code() == absl::StatusCode::kDataLoss);
    CHECK_THAT(std::string(opened.status().message()), Contains("/jobs/1/job-log-000000000001"));
  }
}

TEST_CASE("FileJobLog: a first file that the power did not last for is as none") {
  MemoryFileSystem files;
  const auto opened = OpenBytes(&files, std::vector<std::byte>(16'384));
  REQUIRE(opened.ok());
  CHECK(opened->log->state().job_id == 0);
  REQUIRE(opened->notes.size() == 1);
  CHECK_THAT(opened->notes[0], Contains("job-log-000000000001 was made and not written to"));
  // It has to be all there is, so that nothing else can have been lost.
  const std::vector<std::byte> empty = Logged({});
  CHECK(UsedOf(empty) <= 512);
}

TEST_CASE("FileJobLog: a file that was cut short is refused") {
  const std::vector<std::byte> whole = Logged(SampleBatches());
  for (size_t length = 0; length < whole.size(); length += 97) {
    MemoryFileSystem files;
    const auto opened = OpenBytes(&files, std::span<const std::byte>(whole).first(length));
    CHECK(opened.status().code() == absl::StatusCode::kDataLoss);
  }
}

TEST_CASE("FileJobLog: what was not written to its end is left out, and said") {
  const std::vector<LogBatch> batches = SampleBatches();
  const size_t before = UsedOf(Logged({batches.begin(), batches.end() - 1})) / 8 * 8 +
                        8;  // Where the last one begins.
  const std::vector<std::byte> whole = Logged(batches);
  // Up to the end of its first copy.
  for (size_t length = before + 1; length < (before + UsedOf(whole)) / 2 - 8; ++length) {
    std::vector<std::byte> torn = whole;
    std::fill(torn.begin() + static_cast<ptrdiff_t>(length), torn.end(), std::byte{0});
    MemoryFileSystem files;
    auto opened = OpenBytes(&files, torn);
    REQUIRE(opened.ok());
    CHECK(BytesOf(opened->log->state()) == BytesOf(Fold(batches, batches.size() - 1)));
    REQUIRE(opened->notes.size() == 1);
    CHECK_THAT(opened->notes[0], Contains("was not written to its end"));
  }
}

TEST_CASE("FileJobLog: a disk that fails is told, and nothing is appended after") {
  MemoryFileSystem files;
  auto opened = OpenIn(&files);
  REQUIRE(opened.ok());
  files.Crash();  // The open file fails from now on.
  const std::vector<LogBatch> batches = SampleBatches();
  CHECK(opened->log->Append({batches[0]}).code() == absl::StatusCode::kUnavailable);
  CHECK(opened->log->Append({batches[0]}).code() == absl::StatusCode::kUnavailable);
  CHECK(opened->log->state().index == 0);
}

}  // namespace
}  // namespace cairn
