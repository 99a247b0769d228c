// A small saved model on disk with every kind of table, for tests of tools.
#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "coordinator/manifest.h"
#include "support/sample_snapshots.h"

namespace cairn {

inline constexpr Key kSampleKeys = 50;  // Of "counts"; the last one is 2^64 - 1.

inline Key SampleKey(Key index) { return index + 1 == kSampleKeys ? ~Key{0} : index * index; }

inline void WriteWholeFile(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

// SampleJob's tables: in "counts", key k of index i is i; "fm" has every second of these keys;
// blocks of "dense" were pushed, some of them. The same rows for any `partitions`.
// `checkpoint`: what the snapshots are numbered as.
inline Manifest WriteSampleModel(const std::string& directory, uint32_t partitions,
                                 const std::string& program = "x = 1\n\ty \\ 2",
                                 uint64_t checkpoint = 3) {
  const JobSpec job = test::SampleJob(partitions);
  Manifest manifest;
  manifest.job = "a job";
  manifest.program = program;
  ModelDigest digest;
  std::filesystem::create_directories(directory);
  for (uint32_t p = 0; p < partitions; ++p) {
    std::vector<TableShard> shards = test::MakeShards(job, p);
    for (Key i = 0; i < kSampleKeys; ++i) {
      const std::vector<Key> key = {SampleKey(i)}, block = {i};
      test::PushKeys(key, static_cast<float>(i), &shards[2]);
      if (i % 2 == 0) test::PushKeys(key, 0.3f * static_cast<float>(i), &shards[0]);
      if (i % 3 == 0 && i < job.tables[1].blocks()) test::PushKeys(block, 0.7f, &shards[1]);
    }
    std::vector<std::byte> bytes;
    SnapshotHeader header = test::HeaderOf(job, p);
    header.checkpoint = checkpoint;
    SnapshotWriter writer(header, &shards);
    while (writer.ScanSlice(10, &bytes)) {
    }
    writer.Finish({}, &bytes);
    digest += writer.digest();
    const std::string name = "p" + std::to_string(p) + ".snapshot";
    WriteWholeFile(directory + "/" + name, bytes);
    manifest.files.push_back({p, name, bytes.size(), Crc32c(bytes), writer.rows()});
  }
  manifest.digest_high = digest.high;
  manifest.digest_low = digest.low;
  const std::string text = FormatManifest(manifest);
  WriteWholeFile(directory + "/MANIFEST", std::as_bytes(std::span(text.data(), text.size())));
  return manifest;
}

}  // namespace cairn
