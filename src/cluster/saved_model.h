// A saved model as tools read it: the manifest, what all its files agree on, and each file's rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_system.h"
#include "coordinator/manifest.h"
#include "server/digest.h"
#include "server/snapshot_reader.h"

namespace cairn {

// Not thread-safe; holds no file open. Errors: kNotFound, there is no model in the directory, or a
// file of it is gone; kDataLoss, it is damaged, with file and place.
class SavedModel {
 public:
  // Reads the manifest and the first file's header. `files` outlives the model.
  static absl::StatusOr<SavedModel> Open(FileSystem* files, const std::string& directory);

  const Manifest& manifest() const { return manifest_; }
  // Of partition 0. In the others, only SnapshotHeader::partition differs.
  const SnapshotHeader& header() const { return header_; }
  uint32_t partitions() const { return manifest_.partitions(); }
  // The manifest's; of a checkpoint with increments, which has none, by reading all rows.
  absl::StatusOr<ModelDigest> ReadDigest() const;

  // The last file of one partition.
  std::string PathOf(uint32_t partition) const;
  // The rows of one partition, proved whole, and of this model.
  absl::StatusOr<SnapshotReader> OpenPartition(uint32_t partition) const;

  // OK if `digest`, added up over the rows of all partitions, is the manifest's, if that has one.
  absl::Status CheckDigest(const ModelDigest& digest) const;

 private:
  SavedModel(FileSystem* files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}
  std::vector<Manifest::File> FilesOf(uint32_t partition) const;
  absl::Status CheckHeader(const SnapshotHeader& header, uint32_t partition) const;

  FileSystem* files_;
  std::string directory_;
  Manifest manifest_;
  SnapshotHeader header_;
};

}  // namespace cairn
