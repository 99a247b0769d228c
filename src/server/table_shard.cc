#include "server/table_shard.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "server/row_index.h"
#include "server/row_slab.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

// Rows of one batch are looked up together, so that their cache misses overlap: while one batch
// is worked on, the index slots of the next are on their way.
constexpr size_t kBatch = 32;
constexpr size_t kLineFloats = 16;

// Brings the words that a step touches; the adjacent-line prefetcher does the rest of long rows.
void PrefetchRow(const float* row, uint32_t words) {
  const uint32_t most = std::min<uint32_t>(words, 8 * kLineFloats);
  for (uint32_t at = 0; at < most; at += kLineFloats) __builtin_prefetch(row + at, 1);
}

}  // namespace

struct TableShard::Sparse {
  Sparse(int shared_bits, uint32_t row_words) : index(shared_bits), slab(row_words) {}
  RowIndex index;
  RowSlab slab;
};

TableShard::TableShard(std::shared_ptr<const TableSchema> schema, uint32_t partition)
    : schema_(std::move(schema)), partition_(partition), scratch_(schema_->width()) {
  const uint32_t partitions = schema_->partitions();
  CAIRN_CHECK(partition < partitions);
  if (schema_->spec().kind == TableSpec::Kind::kSparse) {
    sparse_ = std::make_unique<Sparse>(std::countr_zero(partitions), schema_->row_floats());
    return;
  }
  const uint64_t all = schema_->spec().blocks();
  first_block_ = (partition - schema_->salt()) & (partitions - 1);
  blocks_ = all > first_block_ ? (all - first_block_ + partitions - 1) / partitions : 0;
  dense_ = std::make_unique_for_overwrite<float[]>(blocks_ * schema_->row_floats());
  for (uint64_t i = 0; i < blocks_; ++i) {
    schema_->InitRow(first_block_ + i * partitions, dense_.get() + i * schema_->row_floats());
  }
}

TableShard::~TableShard() = default;
TableShard::TableShard(TableShard&&) noexcept = default;

uint64_t TableShard::rows() const { return sparse_ ? sparse_->index.size() : blocks_; }

uint64_t TableShard::bytes() const {
  const uint64_t floats = blocks_ * schema_->row_floats() + scratch_.capacity();
  const uint64_t sparse =
      sparse_ ? sizeof(Sparse) + sparse_->index.bytes() + sparse_->slab.bytes() : 0;
  return floats * sizeof(float) + sparse;
}

bool TableShard::Owns(uint64_t id) const {
  const uint32_t partitions = schema_->partitions();
  if (sparse_) return PartitionOfSparseId(id, partitions) == partition_;
  return id < schema_->spec().blocks() &&
         PartitionOfBlock(id, schema_->salt(), partitions) == partition_;
}

float* TableShard::RowOf(uint64_t id) const {
  CAIRN_DCHECK(Owns(id));
  if (sparse_) {
    const uint32_t position = sparse_->index.Find(id);
    return position == 0 ? nullptr : sparse_->slab.Row(position);
  }
  const uint64_t block = id >> std::countr_zero(schema_->partitions());
  return dense_.get() + block * schema_->row_floats();
}

float* TableShard::FindOrCreate(uint64_t id) {
  if (!sparse_) return RowOf(id);
  CAIRN_DCHECK(Owns(id));
  uint32_t* position = sparse_->index.FindOrAdd(id);
  if (*position != 0) return sparse_->slab.Row(*position);
  *position = sparse_->slab.Allocate();
  float* row = sparse_->slab.Row(*position);
  schema_->InitRow(id, row);
  return row;
}

void TableShard::Prefetch(std::span<const uint64_t> ids) const {
  if (!sparse_) return;
  for (const uint64_t id : ids.first(std::min(ids.size(), kBatch))) sparse_->index.Prefetch(id);
}

void TableShard::Read(std::span<const uint64_t> ids, Missing missing, float* weights) const {
  const uint32_t width = schema_->width();
  const float* rows[kBatch];
  for (Prefetch(ids); !ids.empty(); ids = ids.subspan(std::min(ids.size(), kBatch))) {
    const size_t count = std::min(ids.size(), kBatch);
    Prefetch(ids.subspan(count));
    for (size_t i = 0; i < count; ++i) {
      rows[i] = RowOf(ids[i]);
      if (rows[i] != nullptr) PrefetchRow(rows[i], kRowCountWords + width);
    }
    for (size_t i = 0; i < count; ++i, weights += width) {
      if (rows[i] != nullptr) {
        std::copy_n(rows[i] + kRowCountWords, width, weights);
      } else if (missing == Missing::kInitial) {
        schema_->InitWeights(ids[i], weights);
      } else {
        std::fill_n(weights, width, 0.0f);
      }
    }
  }
}

void TableShard::Apply(const TableSchema::Step& step, std::span<const uint64_t> ids,
                       std::span<const float> gradients, std::span<const uint32_t> counts) {
  const uint32_t width = schema_->width();
  CAIRN_CHECK(gradients.size() == ids.size() * width);
  CAIRN_CHECK(counts.empty() || counts.size() == ids.size());
  float* rows[kBatch];
  const float* gradient = gradients.data();
  const uint32_t* next_count = counts.empty() ? nullptr : counts.data();
  for (Prefetch(ids); !ids.empty(); ids = ids.subspan(std::min(ids.size(), kBatch))) {
    const size_t count = std::min(ids.size(), kBatch);
    Prefetch(ids.subspan(count));
    for (size_t i = 0; i < count; ++i) {
      rows[i] = FindOrCreate(ids[i]);
      PrefetchRow(rows[i], schema_->row_floats());
    }
    for (size_t i = 0; i < count; ++i, gradient += width) {
      const uint32_t occurrences = next_count == nullptr ? 1 : *next_count++;
      schema_->ApplyRow(step, gradient, occurrences, rows[i], scratch_.data());
    }
  }
}

const float* TableShard::Find(uint64_t id) const { return RowOf(id); }

void TableShard::Put(uint64_t id, std::span<const float> row) {
  CAIRN_CHECK(row.size() == schema_->row_floats());
  std::copy(row.begin(), row.end(), FindOrCreate(id));
}

void TableShard::Erase(uint64_t id) {
  CAIRN_CHECK(sparse_ != nullptr, "the blocks of a dense table always exist");
  const uint32_t position = sparse_->index.Erase(id);
  if (position != 0) sparse_->slab.Free(position);
}

void TableShard::IdsInRange(uint64_t first, uint64_t last, size_t most,
                            std::vector<uint64_t>* ids) const {
  const uint64_t partitions = schema_->partitions();
  if (sparse_) {  // Clipped to the ids that may be here: only they have homes in the index.
    const uint64_t shared = std::countr_zero(partitions);
    const uint64_t span = shared == 0 ? ~uint64_t{0} : (uint64_t{1} << (64 - shared)) - 1;
    const uint64_t least = shared == 0 ? 0 : uint64_t{partition_} << (64 - shared);
    if (first > least + span || last < least) return;
    return sparse_->index.IdsInRange(std::max(first, least), last, most, ids);
  }
  uint64_t block = 0;  // Of this partition's, the first at or above `first`.
  if (first > first_block_) block = (first - first_block_ - 1) / partitions + 1;
  for (; block < blocks_ && most > 0; ++block, --most) {
    const uint64_t id = first_block_ + block * partitions;
    if (id > last) return;
    ids->push_back(id);
  }
}

}  // namespace cairn
