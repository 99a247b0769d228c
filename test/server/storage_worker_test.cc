#include "server/storage_worker.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/done_signal.h"
#include "base/memory_file_system.h"

namespace cairn {
namespace {

using Kind = StorageRequest::Kind;

std::vector<std::byte> Bytes(const std::string& text) {
  std::vector<std::byte> bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

class Harness {
 public:
  StorageResult Do(Kind kind, const std::string& path, std::vector<std::byte> bytes = {},
                   uint64_t offset = 0, uint64_t length = 0) {
    DoneSignal<StorageResult> done;
    worker_.Submit({++ticket_, kind, path, std::move(bytes), offset, length},
                   [&](StorageResult result) { done.Set(std::move(result)); });
    StorageResult result = done.Wait();
    CHECK(result.ticket == ticket_);
    CHECK(result.kind == kind);
    return result;
  }
  MemoryFileSystem files;

 private:
  RealTimeSource time_;
  uint64_t ticket_ = 0;
  StorageWorker worker_{&files, &time_};
};

TEST_CASE("StorageWorker: a file that was committed survives a crash, its directory too") {
  Harness harness;
  CHECK(harness.Do(Kind::kCreate, "/model/a").status.ok());
  CHECK(harness.Do(Kind::kAppend, "/model/a", Bytes("one ")).status.ok());
  CHECK(harness.Do(Kind::kAppend, "/model/a", Bytes("two")).status.ok());
  CHECK(harness.Do(Kind::kCommit, "/model/a").status.ok());
  harness.files.Crash();
  CHECK(harness.Do(Kind::kRead, "/model/a", {}, 0, 100).bytes == Bytes("one two"));
}

TEST_CASE("StorageWorker: a file that exists is not written to again") {
  Harness harness;
  REQUIRE(harness.Do(Kind::kCreate, "/model/a").status.ok());
  REQUIRE(harness.Do(Kind::kCommit, "/model/a").status.ok());
  CHECK(harness.Do(Kind::kCreate, "/model/a").status.code() == absl::StatusCode::kAlreadyExists);
}

TEST_CASE("StorageWorker: reads a piece, shorter at the end, and says what it cannot read") {
  Harness harness;
  harness.Do(Kind::kCreate, "/a");
  harness.Do(Kind::kAppend, "/a", Bytes("0123456789"));
  harness.Do(Kind::kCommit, "/a");
  CHECK(harness.Do(Kind::kRead, "/a", {}, 4, 3).bytes == Bytes("456"));
  CHECK(harness.Do(Kind::kRead, "/a", {}, 8, 5).bytes == Bytes("89"));
  CHECK(harness.Do(Kind::kRead, "/a", {}, 10, 5).bytes.empty());
  const StorageResult missing = harness.Do(Kind::kRead, "/b", {}, 0, 5);
  CHECK(missing.status.code() == absl::StatusCode::kNotFound);
  CHECK(missing.bytes.empty());
}

TEST_CASE("StorageWorker: what is not open is neither written to nor committed") {
  Harness harness;
  CHECK(harness.Do(Kind::kAppend, "/a", Bytes("x")).status.code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(harness.Do(Kind::kCommit, "/a").status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(!*harness.files.Exists("/a"));
}

}  // namespace
}  // namespace cairn
