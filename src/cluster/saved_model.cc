#include "cluster/saved_model.h"

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

std::string SavedModel::PathOf(uint32_t partition) const {
  return JoinPath(directory_, manifest_.files[partition].name);
}

absl::StatusOr<SnapshotReader> SavedModel::OpenPartition(uint32_t partition) const {
  const Manifest::File& file = manifest_.files[partition];
  CAIRN_ASSIGN_OR_RETURN(SnapshotReader reader,
                         SnapshotReader::Open(files_, {PathOf(partition), file.crc}));
  CAIRN_RETURN_IF_ERROR(CheckHeader(reader.header(), partition));
  if (reader.rows() != file.rows) {
    return DataLoss(PathOf(partition), ": ", reader.rows(), " rows, but the manifest says ",
                    file.rows);
  }
  return reader;
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
  if (digest == this->digest()) return {};
  return DataLoss(JoinPath(directory_, kManifestName), ": the digest of all rows is ",
                  DigestHex(digest), ", but here stands ", DigestHex(this->digest()));
}

}  // namespace cairn
