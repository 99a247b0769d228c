#include "server/table_schema.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "kernels/initializers.h"
#include "kernels/optimizers.h"
#include "sharding/placement.h"

namespace cairn {
namespace {

uint32_t SaturatingAdd(uint32_t a, uint32_t b) {
  return a > std::numeric_limits<uint32_t>::max() - b ? std::numeric_limits<uint32_t>::max()
                                                      : a + b;
}

void SetCounts(const TableSchema::Counts& counts, float* row) {
  row[0] = std::bit_cast<float>(counts.all);
  row[1] = std::bit_cast<float>(counts.first_epoch);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TableSchema>> TableSchema::Make(const JobSpec& job,
                                                                     uint32_t table_index,
                                                                     const RowOptimizers& extra) {
  CAIRN_CHECK(table_index < job.tables.size());
  std::shared_ptr<TableSchema> schema(new TableSchema);
  schema->spec_ = job.tables[table_index];
  schema->index_ = table_index;
  schema->salt_ = TableSalt(schema->spec_.name);
  schema->seed_ = job.seed;
  schema->partitions_ = job.partitions;
  schema->width_ = schema->spec_.width();
  CAIRN_RETURN_IF_ERROR(Annotate(schema->AddParts(extra), "table \"", schema->spec_.name, "\""));
  return schema;
}

absl::Status TableSchema::AddParts(const RowOptimizers& extra) {
  uint64_t words = uint64_t{kRowCountWords} + width_;
  uint32_t weight_offset = kRowCountWords;
  for (const PartSpec& spec : spec_.parts) {
    auto made = MakeRowOptimizer(spec.optimizer, extra);
    if (!made.ok()) return Annotate(made.status(), "part ", parts_.size());
    const uint32_t state_floats = (*made)->StateFloats(spec.width);
    Part part{.optimizer = *std::move(made),
              .weight_offset = weight_offset,
              .width = spec.width,
              .state_offset = static_cast<uint32_t>(words),
              .state_floats = state_floats,
              .learning_rate = spec.optimizer.learning_rate,
              .l2 = spec.optimizer.l2,
              .initializer = spec.initializer,
              .gradient = IsGradientOptimizer(spec.optimizer.name)};
    gradient_ = gradient_ || part.gradient;
    weight_offset += spec.width;
    words += state_floats;
    if (words > kRowWordsMax) {
      return InvalidArgument("a row with its optimizers' state takes ", words,
                             " words or more; at most ", kRowWordsMax, " are possible");
    }
    parts_.push_back(std::move(part));
  }
  row_floats_ = static_cast<uint32_t>(words);
  return absl::OkStatus();
}

std::vector<uint32_t> TableSchema::StateFloatsByPart() const {
  std::vector<uint32_t> floats;
  for (const Part& part : parts_) floats.push_back(part.state_floats);
  return floats;
}

uint64_t TableSchema::KeyOf(uint64_t id) const {
  return spec_.kind == TableSpec::Kind::kSparse ? KeyOfSparseId(id, salt_) : id;
}

uint64_t TableSchema::IdOf(uint64_t key) const {
  return spec_.kind == TableSpec::Kind::kSparse ? SparseId(key, salt_) : key;
}

void TableSchema::InitRow(uint64_t id, float* row) const {
  std::fill_n(row, row_floats_, 0.0f);
  InitWeights(id, row + kRowCountWords);
  for (const Part& part : parts_) {
    part.optimizer->InitState({row + part.state_offset, part.state_floats});
  }
}

void TableSchema::InitWeights(uint64_t id, float* weights) const {
  const InitialRow row{.seed = seed_, .salt = salt_, .key = KeyOf(id)};
  for (const Part& part : parts_) {
    const uint32_t position = part.weight_offset - kRowCountWords;
    FillInitial(part.initializer, row, position, {weights + position, part.width});
  }
}

TableSchema::Counts TableSchema::CountsOf(const float* row) {
  return {std::bit_cast<uint32_t>(row[0]), std::bit_cast<uint32_t>(row[1])};
}

void TableSchema::ApplyRow(const Step& step, const float* gradient, uint32_t count, float* row,
                           float* scratch) const {
  Counts counts = CountsOf(row);
  counts.all = SaturatingAdd(counts.all, count);
  if (step.epoch == 0) counts.first_epoch = SaturatingAdd(counts.first_epoch, count);
  SetCounts(counts, row);
  const uint32_t per_epoch = counts.first_epoch > 0 ? counts.first_epoch : counts.all;

  for (const Part& part : parts_) {
    const float* pushed = gradient + (part.weight_offset - kRowCountWords);
    if (part.gradient && spec_.reduction == TableSpec::Reduction::kMean) {
      for (uint32_t i = 0; i < part.width; ++i) scratch[i] = pushed[i] * step.inverse_rows;
      pushed = scratch;
    }
    const bool has_prior = part.gradient && part.l2 != 0 && per_epoch > 0;
    const float prior =
        has_prior ? part.l2 * static_cast<float>(count) / static_cast<float>(per_epoch) : 0.0f;
    part.optimizer->Apply({.gradient = {pushed, part.width},
                           .weights = {row + part.weight_offset, part.width},
                           .state = {row + part.state_offset, part.state_floats},
                           .learning_rate = part.learning_rate * step.rate_factor,
                           .prior = prior});
  }
}

}  // namespace cairn
