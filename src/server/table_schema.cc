#include "server/table_schema.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "kernels/initializers.h"
#include "kernels/optimizers.h"
#include "sharding/placement.h"

namespace cairn {
namespace {
constexpr uint32_t kLateBit = 1u << 31;
constexpr int kStampShift = 29;
constexpr uint32_t kStampMask = 3u << kStampShift;
static_assert(RowCount::kSeenMost < 1u << kStampShift);
}  // namespace

RowCount CountOf(const float* row) {
  const auto word = std::bit_cast<uint32_t>(row[0]);
  return RowCount::Near(word & ~(kLateBit | kStampMask), (word & kLateBit) != 0);
}

uint32_t StampOf(const float* row) {
  return (std::bit_cast<uint32_t>(row[0]) & kStampMask) >> kStampShift;
}

void SetCount(RowCount count, float* row) {
  row[0] = std::bit_cast<float>(count.seen() | (count.is_late() ? kLateBit : 0));
}

void SetStamp(uint32_t stamp, float* row) {
  const uint32_t rest = std::bit_cast<uint32_t>(row[0]) & ~kStampMask;
  row[0] = std::bit_cast<float>(rest | (stamp << kStampShift & kStampMask));
}

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
  const auto rules =
      RetentionRules::Make(schema->spec_.retention, schema->partitions_, schema->words_);
  if (!rules.ok()) return Annotate(rules.status(), "table \"", schema->spec_.name, "\"");
  schema->retention_ = *rules;
  schema->implied_weight_ = schema->FindImpliedWeight();
  return schema;
}

// With beta = 0 nothing defines a weight without gradients, and who decides which rows there are
// looks at their weights.
const FtrlRule* TableSchema::FindImpliedWeight() const {
  const auto* rule = std::get_if<FtrlRule>(&scalar_.rule);
  const bool is_implied = rule != nullptr && rule->beta > 0 &&
                          spec_.kind == TableSpec::Kind::kSparse && !retention_.any() &&
                          spec_.parts[0].initializer.kind == InitializerSpec::Kind::kZero;
  return is_implied ? rule : nullptr;
}

absl::Status TableSchema::AddParts(const RowOptimizers& extra) {
  uint64_t words = width_;
  uint32_t weight_offset = 0;
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
    if (kRowCountWords + words > kRowWordsMax) {
      return InvalidArgument("a row with its optimizers' state takes ", kRowCountWords + words,
                             " words or more; at most ", kRowWordsMax, " are possible");
    }
    parts_.push_back(std::move(part));
  }
  words_ = static_cast<uint32_t>(words);
  const OptimizerSpec& first = spec_.parts.front().optimizer;
  if (width_ == 1 && !extra.contains(first.name)) {
    scalar_ = {RuleOf(first), first.learning_rate, first.l2};
  }
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

void TableSchema::InitRow(uint64_t id, float* words) const {
  std::fill_n(words, words_, 0.0f);
  InitWeights(id, words);
  for (const Part& part : parts_) {
    part.optimizer->InitState({words + part.state_offset, part.state_floats});
  }
}

void TableSchema::InitWeights(uint64_t id, float* weights) const {
  const InitialRow row{.seed = seed_, .salt = salt_, .key = KeyOf(id)};
  for (const Part& part : parts_) {
    FillInitial(part.initializer, row, part.weight_offset,
                {weights + part.weight_offset, part.width});
  }
}

void TableSchema::ApplyRow(const Step& step, const float* gradient, uint32_t occurrences,
                           RowCount count, float* words, float* scratch) const {
  for (const Part& part : parts_) {
    const float* pushed = gradient + part.weight_offset;
    if (part.gradient && spec_.reduction == TableSpec::Reduction::kMean) {
      for (uint32_t i = 0; i < part.width; ++i) scratch[i] = pushed[i] * step.inverse_rows;
      pushed = scratch;
    }
    const float prior = part.gradient ? PriorOf(part.l2, occurrences, count) : 0.0f;
    part.optimizer->Apply({.gradient = {pushed, part.width},
                           .weights = {words + part.weight_offset, part.width},
                           .state = {words + part.state_offset, part.state_floats},
                           .learning_rate = part.learning_rate * step.rate_factor,
                           .prior = prior});
  }
}

}  // namespace cairn
