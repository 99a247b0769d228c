#include "server/partition_loader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/status.h"
#include "server/row_converter.h"

namespace cairn {
namespace {

constexpr uint64_t kReadBytes = 256u << 10;  // Parsed within a millisecond or so.

}  // namespace

std::vector<uint32_t> SourcesOfPartition(uint32_t saved, uint32_t partition, uint32_t partitions) {
  std::vector<uint32_t> sources;
  const uint32_t coarse = std::min(saved, partitions);
  for (uint32_t source = 0; source < saved; ++source) {
    // Sparse rows: the same top bits, as far as both have them. Dense blocks: the same low bits.
    const bool sparse =
        uint64_t{source} * coarse / saved == uint64_t{partition} * coarse / partitions;
    const bool dense = source % coarse == partition % coarse;
    if (sparse || dense) sources.push_back(source);
  }
  return sources;
}

// Puts the rows that belong to the partition into it, made to fit its tables.
class PartitionLoader::Sink final : public SnapshotSink {
 public:
  // `before`: the checkpoint of which the rows are by now; 0: there are none of this file's
  // partition yet. What is not rows is taken from the last one.
  Sink(Partition* partition, uint64_t before, bool is_last)
      : before_(before),
        is_last_(is_last),
        shards_(partition->shards()),
        schemas_(partition->schemas()) {}

  uint64_t checkpoint() const { return checkpoint_; }
  const FormerStamps& stamps() const { return stamps_; }

  absl::Status OnHeader(const SnapshotHeader& header) override {
    CAIRN_RETURN_IF_ERROR(CheckFollows(header.since, before_));
    checkpoint_ = header.checkpoint;
    stamps_.partition = header.partition;
    stamps_.partitions = header.partitions;
    converters_.clear();
    shard_of_.assign(header.tables.size(), nullptr);
    goes_on_.assign(header.tables.size(), false);
    for (size_t table = 0; table < header.tables.size(); ++table) {
      const auto found =
          std::find_if(shards_->begin(), shards_->end(), [&](const TableShard& shard) {
            return shard.schema().spec().name == header.tables[table].name;
          });
      if (found == shards_->end()) {
        return FailedPrecondition("the model has a table \"", header.tables[table].name,
                                  "\", which this job does not have");
      }
      shard_of_[table] = &*found;
      const TableSchema& schema = found->schema();
      goes_on_[table] = header.partitions == schema.partitions() &&
                        header.tables[table].retention == schema.spec().retention;
      CAIRN_ASSIGN_OR_RETURN(
          RowConverter converter,
          RowConverter::Make(header.tables[table], header.state_floats[table],
                             schemas_[static_cast<size_t>(found - shards_->begin())]));
      converters_.push_back(std::move(converter));
    }
    return {};
  }

  absl::Status OnRow(uint32_t table, uint64_t key, std::span<const float> row) override {
    TableShard& shard = *shard_of_[table];
    const uint64_t id = shard.schema().IdOf(key);
    if (!shard.Owns(id)) return {};  // Of another partition.
    row_.resize(shard.schema().row_floats());
    converters_[table].Convert(id, row, row_);
    if (!goes_on_[table]) SetStamp(0, row_.data());  // As if it had just been pushed to.
    shard.Put(id, row_);
    return {};
  }

  absl::Status OnErase(uint32_t table, uint64_t key) override {
    TableShard& shard = *shard_of_[table];
    const uint64_t id = shard.schema().IdOf(key);
    if (shard.Owns(id)) shard.Erase(id);
    return {};
  }

  // Taken over by the same partition with the same rules; else all of it starts afresh.
  absl::Status OnRetention(uint32_t table, const RetentionState& state) override {
    if (is_last_ && goes_on_[table]) shard_of_[table]->retention()->set_state(state);
    return {};
  }
  absl::Status OnSketch(uint32_t table, uint64_t offset,
                        std::span<const std::byte> bytes) override {
    if (!is_last_ || !goes_on_[table]) return {};
    shard_of_[table]->retention()->sketch()->Restore(offset, bytes);
    return {};
  }

  absl::Status OnStamps(const SnapshotStamps& stamps) override {
    stamps_.stamps = stamps;
    return {};
  }

 private:
  const uint64_t before_;
  const bool is_last_;
  uint64_t checkpoint_ = 0;
  FormerStamps stamps_;
  std::vector<TableShard>* const shards_;
  const std::vector<std::shared_ptr<const TableSchema>>& schemas_;
  std::vector<TableShard*> shard_of_;  // By table of the file.
  std::vector<bool> goes_on_;          // By table of the file: with ages and sketch as they were.
  std::vector<RowConverter> converters_;
  std::vector<float> row_;
};

PartitionLoader::PartitionLoader(Partition* partition, uint32_t partitions,
                                 std::vector<InitFile> files, Stamps stamps, uint64_t ticket)
    : partition_(partition), stamps_(stamps), ticket_(ticket) {
  const uint32_t saved = files.empty() ? 0 : files.back().partition + 1;
  const auto sources = SourcesOfPartition(saved, partition->index(), partitions);
  for (InitFile& file : files) {
    if (std::ranges::binary_search(sources, file.partition)) chosen_.push_back(std::move(file));
  }
}

PartitionLoader::~PartitionLoader() = default;

std::optional<StorageRequest> PartitionLoader::NextRead() {
  if (reading_ || done()) return std::nullopt;
  reading_ = true;
  if (parser_ == nullptr) {
    sink_ = std::make_unique<Sink>(partition_, read_, IsLastOfItsPartition());
    parser_ = std::make_unique<SnapshotParser>(sink_.get());
    offset_ = 0;
    crc_ = 0;
  }
  return StorageRequest{ticket_,   StorageRequest::Kind::kRead, chosen_[next_].path, {}, offset_,
                        kReadBytes};
}

bool PartitionLoader::IsLastOfItsPartition() const {
  return next_ + 1 == chosen_.size() || chosen_[next_ + 1].partition != chosen_[next_].partition;
}

absl::Status PartitionLoader::OnRead(const StorageResult& result) {
  CAIRN_CHECK(reading_ && parser_ != nullptr);
  reading_ = false;
  const std::string& path = chosen_[next_].path;
  if (!result.status.ok()) return result.status;
  absl::Status status = parser_->Feed(result.bytes);
  if (!status.ok()) return Annotate(status, path);
  offset_ += result.bytes.size();
  crc_ = Crc32c(result.bytes, crc_);
  if (result.bytes.size() == kReadBytes) return {};
  status = parser_->Finish();
  if (!status.ok()) return Annotate(status, path);
  if (crc_ != chosen_[next_].crc) {
    return DataLoss(path, ": a whole snapshot, but not the one that the manifest names");
  }
  read_ = IsLastOfItsPartition() ? 0 : sink_->checkpoint();
  if (IsLastOfItsPartition()) formers_.push_back(sink_->stamps());
  parser_.reset();
  sink_.reset();
  ++next_;
  return done() && stamps_ == Stamps::kKept ? RestoreStamps() : absl::OkStatus();
}

absl::Status PartitionLoader::RestoreStamps() {
  const absl::StatusOr<SnapshotStamps> merged = MergeStamps(formers_);
  if (!merged.ok()) return Annotate(merged.status(), chosen_.back().path);
  partition_->Restore(*merged);
  return {};
}

}  // namespace cairn
