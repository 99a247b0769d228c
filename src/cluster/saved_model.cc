#include "cluster/saved_model.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/status.h"
#include "coordinator/coordinator_shell.h"

namespace cairn {

absl::StatusOr<SavedModel> SavedModel::Open(FileSystem* files, const std::string& directory) {
  SavedModel model(files, directory);
  CAIRN_ASSIGN_OR_RETURN(model.manifest_, ReadManifest(files, directory));
  CAIRN_ASSIGN_OR_RETURN(model.header_, ReadSnapshotHeader(files, model.PathOf(0)));
  CAIRN_RETURN_IF_ERROR(model.CheckHeader(model.header_, 0));
  return model;
}

std::vector<Manifest::File> SavedModel::FilesOf(uint32_t partition) const {
  std::vector<Manifest::File> files;
  std::copy_if(manifest_.files.begin(), manifest_.files.end(), std::back_inserter(files),
               [&](const Manifest::File& file) { return file.partition == partition; });
  return files;
}

std::string SavedModel::PathOf(uint32_t partition) const {
  return cairn::PathOf(directory_, FilesOf(partition).back());
}

absl::StatusOr<SnapshotReader> SavedModel::OpenPartition(uint32_t partition) const {
  std::vector<InitFile> parts;
  const std::vector<Manifest::File> named = FilesOf(partition);
  for (const Manifest::File& file : named) {
    parts.push_back({cairn::PathOf(directory_, file), file.crc, partition});
  }
  CAIRN_ASSIGN_OR_RETURN(SnapshotReader reader, SnapshotReader::Open(files_, std::move(parts)));
  CAIRN_RETURN_IF_ERROR(CheckHeader(reader.header(), partition));
  if (reader.rows() != named.back().rows) {
    return DataLoss(PathOf(partition), ": ", reader.rows(), " rows, but the manifest says ",
                    named.back().rows);
  }
  return reader;
}

absl::StatusOr<ModelDigest> SavedModel::ReadDigest() const {
  if (!manifest_.has_increments()) {
    return ModelDigest{manifest_.digest_high, manifest_.digest_low};
  }
  ModelDigest digest;
  for (uint32_t partition = 0; partition < partitions(); ++partition) {
    CAIRN_ASSIGN_OR_RETURN(const SnapshotReader reader, OpenPartition(partition));
    digest += reader.digest();
  }
  return digest;
}

absl::Status SavedModel::CheckHeader(const SnapshotHeader& header, uint32_t partition) const {
  if (header.partition != partition || header.partitions != partitions()) {
    return DataLoss(PathOf(partition), ": partition ", header.partition, " of ", header.partitions,
                    ", but the manifest has it as ", partition, " of ", partitions());
  }
  if (header.schema_hash != header_.schema_hash || header.seed != header_.seed) {
    return DataLoss(PathOf(partition), ": its tables or its seed are not those of ", PathOf(0));
  }
  return {};
}

absl::Status SavedModel::CheckDigest(const ModelDigest& digest) const {
  const ModelDigest named{manifest_.digest_high, manifest_.digest_low};
  if (manifest_.has_increments() || digest == named) return {};
  return DataLoss(JoinPath(directory_, kManifestName), ": the digest of all rows is ",
                  DigestHex(digest), ", but here stands ", DigestHex(named));
}

}  // namespace cairn
