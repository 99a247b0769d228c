#include "cluster/saved_model.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/posix_file_system.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/sample_model.h"

namespace cairn {
namespace {

struct Fixture {
  // What opening partition `index` says.
  absl::Status Partition(uint32_t index) {
    CAIRN_ASSIGN_OR_RETURN(const SavedModel model, SavedModel::Open(&files, dir));
    return model.OpenPartition(index).status();
  }
  // Another manifest for the same files.
  void Rewrite(const Manifest& manifest) {
    const std::string text = FormatManifest(manifest);
    REQUIRE(files
                .WriteFileAtomically(dir + "/MANIFEST",
                                     std::as_bytes(std::span(text.data(), text.size())))
                .ok());
  }

  TempDirectory temp;
  PosixFileSystem files;
  std::string dir = temp.PathOf("model");
};

TEST_CASE_METHOD(Fixture, "A model is opened, and each of its partitions", "[saved_model]") {
  const Manifest manifest = WriteSampleModel(dir, 4);
  const SavedModel model = SavedModel::Open(&files, dir).value();
  CHECK(model.partitions() == 4);
  CHECK(model.header().tables == test::SampleJob(4).tables);
  CHECK(model.manifest().job == "a job");
  uint64_t rows = 0;
  ModelDigest digest;
  for (uint32_t p = 0; p < 4; ++p) {
    const SnapshotReader reader = model.OpenPartition(p).value();
    rows += reader.rows();
    digest += reader.digest();
  }
  CHECK(rows == kSampleKeys + kSampleKeys / 2);
  CHECK(model.CheckDigest(digest).ok());
  digest += ModelDigest{0, 1};
  CHECK(model.CheckDigest(digest).code() == absl::StatusCode::kDataLoss);
}

TEST_CASE_METHOD(Fixture, "No model, and one with a file missing", "[saved_model]") {
  const absl::Status none = SavedModel::Open(&files, dir).status();
  CHECK(none.code() == absl::StatusCode::kNotFound);
  CHECK(MessageOf(none).starts_with("no saved model in " + dir));
  WriteSampleModel(dir, 2);
  REQUIRE(files.Remove(dir + "/p1.snapshot").ok());
  CHECK(SavedModel::Open(&files, dir).status().code() == absl::StatusCode::kDataLoss);
}

TEST_CASE_METHOD(Fixture, "Files that are whole but do not belong together are found",
                 "[saved_model]") {
  const Manifest manifest = WriteSampleModel(dir, 2);
  CHECK(Partition(1).ok());

  Manifest swapped = manifest;
  swapped.files[1] = manifest.files[0];
  swapped.files[1].partition = 1;
  Rewrite(swapped);
  CHECK(MessageOf(Partition(1)) ==
        dir + "/p0.snapshot: partition 0 of 2, but the manifest has it as 1 of 2");

  Manifest fewer = manifest;
  fewer.files.pop_back();
  Rewrite(fewer);
  CHECK(Partition(0).code() == absl::StatusCode::kDataLoss);

  Manifest more_rows = manifest;
  ++more_rows.files[1].rows;
  Rewrite(more_rows);
  CHECK(MessageOf(Partition(1)).find(" rows, but the manifest says ") != std::string_view::npos);

  Manifest mixed = manifest;
  JobSpec job = test::SampleJob(2);
  job.seed = 12;
  std::vector<TableShard> shards = test::MakeShards(job, 1);
  const std::vector<std::byte> bytes = test::SnapshotOf(job, 1, &shards);
  WriteWholeFile(dir + "/other.snapshot", bytes);
  mixed.files[1] = {1, "other.snapshot", bytes.size(), Crc32c(bytes), 0};
  Rewrite(mixed);
  CHECK(MessageOf(Partition(1)) ==
        dir + "/other.snapshot: its tables or its seed are not those of " + dir + "/p0.snapshot");
}

}  // namespace
}  // namespace cairn
